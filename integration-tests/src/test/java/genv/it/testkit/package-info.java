// SPDX-License-Identifier: Apache-2.0

/** The testkit on the implementation, as the tests of an application meet it. */
@NullMarked
package genv.it.testkit;

import org.jspecify.annotations.NullMarked;
