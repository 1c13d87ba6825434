// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.core.draft.Draft;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.List;

/**
 * What a state holds, taken out of it as fast as can be: a reader that takes long has to begin again whenever others change
 * something, so what needs time, asking who lives above all, is done on this.
 */
record StateContents(List<EnvBlock> envs, List<Holder> holders, List<QueuedRequest> waiters, List<DeviceUse> devices) {

    static StateContents of(Draft draft) {
        List<EnvBlock> envs = new ArrayList<>(draft.envCount());
        for (int i = 0; i < draft.envCount(); i++) {
            envs.add(draft.env(i));
        }
        List<Holder> holders = new ArrayList<>(draft.holderCount());
        for (int i = 0; i < draft.holderCount(); i++) {
            holders.add(draft.holder(i));
        }
        List<QueuedRequest> waiters = new ArrayList<>(draft.waiterCount());
        for (int i = 0; i < draft.waiterCount(); i++) {
            waiters.add(draft.waiter(i));
        }
        List<DeviceUse> devices = new ArrayList<>(draft.deviceCount());
        for (int i = 0; i < draft.deviceCount(); i++) {
            devices.add(draft.use(i));
        }
        return new StateContents(envs, holders, waiters, devices);
    }
}
