// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import genv.api.StateFormat;
import genv.testkit.GenvTest;

/** The same on the files of Python Genv. */
@GenvTest(devices = 3, memory = "8g", format = StateFormat.JSON)
class StaticFaceOnJsonTest extends StaticFaceTest {}
