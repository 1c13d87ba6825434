// SPDX-License-Identifier: Apache-2.0
/** Environments of parts of a program. */
@NullMarked
package genv.it.tasks;

import org.jspecify.annotations.NullMarked;
