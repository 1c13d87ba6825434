// SPDX-License-Identifier: Apache-2.0
/** The conformance tests on the backend that the documentation shows. */
@NullMarked
package com.acme.genv;

import org.jspecify.annotations.NullMarked;
