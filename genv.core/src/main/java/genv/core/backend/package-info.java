// SPDX-License-Identifier: Apache-2.0
/** The choice of a device backend, and a checked view of the devices that it lists. */
@NullMarked
package genv.core.backend;

import org.jspecify.annotations.NullMarked;
