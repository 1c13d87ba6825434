// SPDX-License-Identifier: Apache-2.0
/** A host's state: its files opened and checked, and the operations on it, each one atomic. */
@NullMarked
package genv.core.store;

import org.jspecify.annotations.NullMarked;
