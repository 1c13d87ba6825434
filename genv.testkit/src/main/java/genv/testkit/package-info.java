// SPDX-License-Identifier: Apache-2.0

/** Simulated devices, and a host of its own for every test. */
@NullMarked
package genv.testkit;

import org.jspecify.annotations.NullMarked;
