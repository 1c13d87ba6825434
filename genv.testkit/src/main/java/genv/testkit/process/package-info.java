// SPDX-License-Identifier: Apache-2.0

/**
 * Tests with several processes: children that run test code, are told what to do, stopped and killed, and a referee
 * that sees when something is given twice.
 */
@NullMarked
package genv.testkit.process;

import org.jspecify.annotations.NullMarked;
