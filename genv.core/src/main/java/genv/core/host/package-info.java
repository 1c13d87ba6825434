// SPDX-License-Identifier: Apache-2.0
/** The public API on top of the store: the environments that this process is in, its variables, its locks. */
@NullMarked
package genv.core.host;

import org.jspecify.annotations.NullMarked;
