// SPDX-License-Identifier: Apache-2.0
/** The file in which the owner of a host says what its users may have: who is believed, and what it may say. */
@NullMarked
package genv.core.limits;

import org.jspecify.annotations.NullMarked;
