// SPDX-License-Identifier: Apache-2.0
/** What must be better than Genv: a test for each case. */
@NullMarked
package genv.it.cases;

import org.jspecify.annotations.NullMarked;
