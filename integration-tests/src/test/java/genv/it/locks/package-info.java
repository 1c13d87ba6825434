// SPDX-License-Identifier: Apache-2.0
/** Device locks, within one process and between several. */
@NullMarked
package genv.it.locks;

import org.jspecify.annotations.NullMarked;
