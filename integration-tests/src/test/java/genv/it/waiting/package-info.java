// SPDX-License-Identifier: Apache-2.0
/** Waiting for devices, on hosts that share a state. */
@NullMarked
package genv.it.waiting;

import org.jspecify.annotations.NullMarked;
