// SPDX-License-Identifier: Apache-2.0
/** Measurements, their file, what they are held against, and how they are shown. */
@NullMarked
package genv.benchmarks.result;

import org.jspecify.annotations.NullMarked;
