// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.StateFormat;
import genv.testkit.GenvTest;

/** The same on the files of Python Genv. */
@GenvTest(devices = 1, format = StateFormat.JSON)
class EnvLocksOnJsonTest extends EnvLocksTest {}
