// SPDX-License-Identifier: Apache-2.0
/** One host with Python Genv: its files, its locks, its environments. */
@NullMarked
package genv.it.python;

import org.jspecify.annotations.NullMarked;
