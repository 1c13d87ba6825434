// SPDX-License-Identifier: Apache-2.0
/** Leases, and the limits that the owner of a host sets, between processes. */
@NullMarked
package genv.it.limits;

import org.jspecify.annotations.NullMarked;
