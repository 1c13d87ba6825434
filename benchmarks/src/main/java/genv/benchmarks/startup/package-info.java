// SPDX-License-Identifier: Apache-2.0
/** How long a fresh JVM takes to its first environment. */
@NullMarked
package genv.benchmarks.startup;

import org.jspecify.annotations.NullMarked;
