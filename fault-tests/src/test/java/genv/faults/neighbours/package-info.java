// SPDX-License-Identifier: Apache-2.0
/** Bad neighbours on one state directory: other users, namespaces, full tables, a second copy of the library. */
@NullMarked
package genv.faults.neighbours;

import org.jspecify.annotations.NullMarked;
