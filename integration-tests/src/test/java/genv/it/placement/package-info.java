// SPDX-License-Identifier: Apache-2.0
/** Which devices a request is given, between processes. */
@NullMarked
package genv.it.placement;

import org.jspecify.annotations.NullMarked;
