// SPDX-License-Identifier: Apache-2.0
/** Damaged state files: how they are made, and what must come of them. */
@NullMarked
package genv.faults.fuzz;

import org.jspecify.annotations.NullMarked;
