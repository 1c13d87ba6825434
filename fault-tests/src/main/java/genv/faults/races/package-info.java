// SPDX-License-Identifier: Apache-2.0
/** Runs the jcstress tests of the protocol, which are in {@code genv.core.state}. */
@NullMarked
package genv.faults.races;

import org.jspecify.annotations.NullMarked;
