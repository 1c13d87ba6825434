// SPDX-License-Identifier: Apache-2.0
/**
 * The state directory and the files in it: created whole or not at all, checked before they are used.
 *
 * <p>Needs Linux on x86-64 or aarch64; elsewhere {@link genv.core.file.StateDirectory#open} says so.
 */
@NullMarked
package genv.core.file;

import org.jspecify.annotations.NullMarked;
