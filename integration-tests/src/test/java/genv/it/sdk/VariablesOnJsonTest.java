// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import genv.api.StateFormat;
import genv.testkit.GenvTest;

/** The same on the files of Python Genv. */
@GenvTest(devices = 4, format = StateFormat.JSON)
class VariablesOnJsonTest extends VariablesTest {}
