// SPDX-License-Identifier: Apache-2.0
package genv.it.locks;

import genv.api.StateFormat;
import genv.testkit.GenvTest;

/** The same on the files of Python Genv. */
@GenvTest(format = StateFormat.JSON)
class WaitsThatEndOnJsonTest extends WaitsThatEndTest {}
