// SPDX-License-Identifier: Apache-2.0
/**
 * Calls to the operating system through {@code java.lang.foreign}.
 *
 * <p>Each C function is looked up on its own, when the class that uses it is first needed. A function that is missing,
 * or native access that is denied, disables what needs it and nothing else: the call throws a
 * {@link genv.api.GenvException} that names the function or the option to add.
 */
@NullMarked
package genv.core.os;

import org.jspecify.annotations.NullMarked;
