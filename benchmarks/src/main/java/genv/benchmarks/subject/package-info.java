// SPDX-License-Identifier: Apache-2.0
/** What is measured in one process, by JMH. */
@NullMarked
package genv.benchmarks.subject;

import org.jspecify.annotations.NullMarked;
