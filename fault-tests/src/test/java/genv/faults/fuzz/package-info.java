// SPDX-License-Identifier: Apache-2.0
/** The short forms of the damaged files. */
@NullMarked
package genv.faults.fuzz;

import org.jspecify.annotations.NullMarked;
