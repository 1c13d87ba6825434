// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.core.draft.Draft;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a state holds, taken out of it as fast as can be: a reader that takes long has to begin again whenever others change
 * something, so what needs time, asking who lives above all, is done on this.
 */
record StateContents(
        List<EnvBlock> envs,
        List<Holder> holders,
        List<QueuedRequest> waiters,
        List<DeviceUse> devices,
        Map<Attached, Long> shares) {

    /** An environment and a device that it has. */
    record Attached(long env, int index) {}

    static StateContents of(Draft draft) {
        List<EnvBlock> envs = new ArrayList<>(draft.envCount());
        Map<Attached, Long> shares = new HashMap<>();
        for (int i = 0; i < draft.envCount(); i++) {
            EnvBlock block = draft.env(i);
            envs.add(block);
            for (int a = 0; a < block.attachmentCount(); a++) {
                int index = EnvBlock.index(block.attachment(a));
                long share = draft.share(block, index);
                if (share != block.gpuMemory()) {
                    shares.put(new Attached(block.id(), index), share);
                }
            }
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
        return new StateContents(envs, holders, waiters, devices, shares);
    }

    /** The same with more lock holders. */
    StateContents with(List<Holder> more) {
        List<Holder> all = new ArrayList<>(holders);
        all.addAll(more);
        return new StateContents(envs, all, waiters, devices, shares);
    }

    /** What an environment reserves of a device that it has: as a rule what it is configured to. */
    long share(EnvBlock block, int index) {
        return shares.getOrDefault(new Attached(block.id(), index), block.gpuMemory());
    }
}
