// SPDX-License-Identifier: Apache-2.0
/** How a thread waits for a change of the state: parked here, woken through a futex by whoever frees something. */
@NullMarked
package genv.core.waiting;

import org.jspecify.annotations.NullMarked;
