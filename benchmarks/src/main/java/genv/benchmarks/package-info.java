// SPDX-License-Identifier: Apache-2.0
/** Runs all measurements and writes what they gave. */
@NullMarked
package genv.benchmarks;

import org.jspecify.annotations.NullMarked;
