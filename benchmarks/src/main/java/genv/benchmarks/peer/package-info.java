// SPDX-License-Identifier: Apache-2.0
/** What genv is measured beside: file locks, and the same operations on other kinds of shared state. */
@NullMarked
package genv.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
