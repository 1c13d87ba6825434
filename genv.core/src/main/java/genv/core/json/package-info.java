// SPDX-License-Identifier: Apache-2.0
/**
 * The state as Python Genv keeps it: two JSON files, read as a whole, edited as a {@link genv.core.draft.Draft} and written
 * as a whole. What is not known here is kept as it is. The format is described in {@code docs/python.md}.
 */
@NullMarked
package genv.core.json;

import org.jspecify.annotations.NullMarked;
