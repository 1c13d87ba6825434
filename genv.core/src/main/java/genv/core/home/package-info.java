// SPDX-License-Identifier: Apache-2.0
/** Configurations that users keep in {@code .genv} directories. */
@NullMarked
package genv.core.home;

import org.jspecify.annotations.NullMarked;
