// SPDX-License-Identifier: Apache-2.0
/** Whole programs, several at a time, and several users. */
@NullMarked
package genv.it.processes;

import org.jspecify.annotations.NullMarked;
