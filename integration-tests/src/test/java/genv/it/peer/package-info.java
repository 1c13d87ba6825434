// SPDX-License-Identifier: Apache-2.0
/** A second process that does with a host what the test tells it, one operation at a time. */
@NullMarked
package genv.it.peer;

import org.jspecify.annotations.NullMarked;
