// SPDX-License-Identifier: Apache-2.0
/** What is measured between processes. */
@NullMarked
package genv.benchmarks.processes;

import org.jspecify.annotations.NullMarked;
