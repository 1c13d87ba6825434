// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceLock;
import java.util.List;

/** The lock outside of an environment, or in one without a device. */
enum LockOnNothing implements DeviceLock {
    INSTANCE;

    @Override
    public List<Integer> devices() {
        return List.of();
    }

    @Override
    public void close() {
        // holds nothing
    }
}
