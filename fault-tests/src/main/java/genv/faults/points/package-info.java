// SPDX-License-Identifier: Apache-2.0
/** Processes that are stopped and killed at each named step of the protocol, in the middle of each operation. */
@NullMarked
package genv.faults.points;

import org.jspecify.annotations.NullMarked;
