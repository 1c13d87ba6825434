// SPDX-License-Identifier: Apache-2.0
/** What several of these tests require or wait for. */
@NullMarked
package genv.it.check;

import org.jspecify.annotations.NullMarked;
