// SPDX-License-Identifier: Apache-2.0
/** The short form of the kills. */
@NullMarked
package genv.faults.kills;

import org.jspecify.annotations.NullMarked;
