// SPDX-License-Identifier: Apache-2.0
/** The bytes of the state file: where everything lies, and how the packed words are read. */
@NullMarked
package genv.core.layout;

import org.jspecify.annotations.NullMarked;
