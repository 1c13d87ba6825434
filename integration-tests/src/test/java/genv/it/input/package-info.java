// SPDX-License-Identifier: Apache-2.0
/** Bad input: a clear error, and nothing has changed. */
@NullMarked
package genv.it.input;

import org.jspecify.annotations.NullMarked;
