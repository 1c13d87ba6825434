// SPDX-License-Identifier: Apache-2.0
/**
 * What may be done to the state: who gets which devices, who waits for whom, who may join, what a dead process leaves.
 * Every rule reads and edits one {@link genv.core.draft.Draft} and has no other effect, so it is atomic.
 */
@NullMarked
package genv.core.rules;

import org.jspecify.annotations.NullMarked;
