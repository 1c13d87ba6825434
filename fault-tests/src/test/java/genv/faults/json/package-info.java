// SPDX-License-Identifier: Apache-2.0
/** The short form of the kills on the files of Python Genv. */
@NullMarked
package genv.faults.json;

import org.jspecify.annotations.NullMarked;
