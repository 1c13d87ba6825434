// SPDX-License-Identifier: Apache-2.0
/** Processes that are killed at any moment: what runs in them, and who watches them. */
@NullMarked
package genv.faults.kills;

import org.jspecify.annotations.NullMarked;
