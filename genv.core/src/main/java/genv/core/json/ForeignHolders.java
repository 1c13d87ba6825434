// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.LockMode;
import genv.core.file.PlainDirectory;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.os.FileStamp;
import genv.core.os.FlockHolders;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Who else holds the locks of devices, for a picture of the host: seen from outside, since Genv's files do not say.
 *
 * <p>The environment is that of which the process is a member, or else the only one that has the device. What cannot be
 * assigned is left out.
 */
public final class ForeignHolders {
    private ForeignHolders() {}

    /**
     * Looks who holds them now.
     *
     * @param shown the locks in the picture already
     * @param own those that this process has by now, which came after the picture
     */
    public static List<Holder> of(PlainDirectory folder, List<EnvBlock> envs, List<Holder> shown, List<Holder> own) {
        List<Holder> found = new ArrayList<>();
        FlockHolders holders = FlockHolders.now();
        DeviceSet attached = DeviceSet.EMPTY;
        for (EnvBlock env : envs) {
            attached = attached.union(env.devices());
        }
        for (List<Holder> known : List.of(shown, own)) {
            for (Holder holder : known) {
                attached = attached.minus(holder.devices());
            }
        }
        for (int index = attached.next(0); index >= 0; index = attached.next(index + 1)) {
            DeviceSet device = DeviceSet.of(index);
            Optional<FileStamp> file = folder.stamp(index + ".lock");
            Optional<Long> pid = file.flatMap(holders::of);
            if (file.isPresent() && pid.isPresent()) {
                long since = file.get().modified() / 1_000_000;
                envOf(pid.get(), device, envs)
                        .ifPresent(env -> found.add(new Holder(
                                -1 - found.size(),
                                env.id(),
                                env.hash(),
                                pid.get(),
                                pid.get(),
                                LockMode.EXCLUSIVE,
                                EnvBlock.WHOLE,
                                since,
                                device)));
            }
        }
        return found;
    }

    private static Optional<EnvBlock> envOf(long pid, DeviceSet device, List<EnvBlock> envs) {
        List<EnvBlock> having =
                envs.stream().filter(env -> env.devices().intersects(device)).toList();
        Optional<EnvBlock> member = having.stream()
                .filter(env -> env.members().stream().anyMatch(one -> one.pid() == pid))
                .findFirst();
        return member.isPresent() || having.size() != 1 ? member : Optional.of(having.getFirst());
    }
}
