// SPDX-License-Identifier: Apache-2.0
/** What a transition works on, whatever keeps the state: one version of it that can be read and edited, and who lives. */
@NullMarked
package genv.core.draft;

import org.jspecify.annotations.NullMarked;
