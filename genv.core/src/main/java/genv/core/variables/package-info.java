// SPDX-License-Identifier: Apache-2.0
/** The environment variables that tell a process which environment it is in and which devices it may see. */
@NullMarked
package genv.core.variables;

import org.jspecify.annotations.NullMarked;
