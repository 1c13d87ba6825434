// SPDX-License-Identifier: Apache-2.0
/**
 * The protocol of the state file under jcstress: two or three threads on real states, and the outcomes that are forbidden. In
 * the package of what is tested, whose parts are not public. {@code ./fault-tests/run races} runs them.
 */
@NullMarked
package genv.core.state;

import org.jspecify.annotations.NullMarked;
