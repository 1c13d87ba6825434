// SPDX-License-Identifier: Apache-2.0
/** What the shared state is made of, as plain immutable values. */
@NullMarked
package genv.core.model;

import org.jspecify.annotations.NullMarked;
