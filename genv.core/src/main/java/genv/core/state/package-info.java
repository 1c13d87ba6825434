// SPDX-License-Identifier: Apache-2.0
/** The state core: one mapped file, one root word, transitions that copy, edit and compare-and-set. */
@NullMarked
package genv.core.state;

import org.jspecify.annotations.NullMarked;
