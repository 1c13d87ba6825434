// SPDX-License-Identifier: Apache-2.0
/** The entry for {@link java.util.ServiceLoader}. */
@NullMarked
package genv.core;

import org.jspecify.annotations.NullMarked;
