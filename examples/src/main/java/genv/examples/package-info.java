// SPDX-License-Identifier: Apache-2.0
/** One program for each use that the documentation shows, and the quick start. */
@NullMarked
package genv.examples;

import org.jspecify.annotations.NullMarked;
