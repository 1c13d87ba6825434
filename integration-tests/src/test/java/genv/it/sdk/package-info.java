// SPDX-License-Identifier: Apache-2.0
/** The operations of the API, one by one, as their documentation has them. */
@NullMarked
package genv.it.sdk;

import org.jspecify.annotations.NullMarked;
