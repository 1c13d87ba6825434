// SPDX-License-Identifier: Apache-2.0
/** The long forms of the fault tests, to be run from the command line, and what they share. */
@NullMarked
package genv.faults;

import org.jspecify.annotations.NullMarked;
