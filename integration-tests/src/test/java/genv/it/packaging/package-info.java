// SPDX-License-Identifier: Apache-2.0
/** The jars as an application meets them: described, on the module path, on the class path, in a jlink image. */
@NullMarked
package genv.it.packaging;

import org.jspecify.annotations.NullMarked;
