// SPDX-License-Identifier: Apache-2.0

/** The tests that every device backend must pass. */
@NullMarked
package genv.testkit.tck;

import org.jspecify.annotations.NullMarked;
