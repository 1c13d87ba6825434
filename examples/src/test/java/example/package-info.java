// SPDX-License-Identifier: Apache-2.0
/** Runs the programs of the documentation, and holds the documentation to them. */
@NullMarked
package example;

import org.jspecify.annotations.NullMarked;
