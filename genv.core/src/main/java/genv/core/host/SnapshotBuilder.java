// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceInfo;
import genv.api.EnvInfo;
import genv.api.MemorySize;
import genv.api.Snapshot;
import genv.api.StateFormat;
import genv.api.WaiterInfo;
import genv.api.spi.Device;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import genv.core.os.BootClock;
import genv.core.rules.LeaseRules;
import genv.core.rules.Lives;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the public picture of a state. What belongs to dead processes, and what leases
 * have that are over, is left out, whether or not it was removed yet. */
final class SnapshotBuilder {
    private static final long NO_PID = 0;

    private final StateContents contents;
    private final Lives lives;
    private final long sinceBoot = BootClock.millis();
    private final Map<Long, EnvBlock> alive = new HashMap<>();
    private final Map<Integer, List<DeviceInfo.Attachment>> attachments = new HashMap<>();
    private final Map<Integer, List<DeviceInfo.LockHolder>> holders = new HashMap<>();
    private final Map<Integer, List<DeviceInfo.Waiter>> waiters = new HashMap<>();

    private SnapshotBuilder(StateContents contents, Lives lives) {
        this.contents = contents;
        this.lives = lives;
    }

    static Snapshot build(StateContents contents, Lives lives, List<Device> devices, StateFormat format) {
        return new SnapshotBuilder(contents, lives).build(devices, format);
    }

    private Snapshot build(List<Device> devices, StateFormat format) {
        List<EnvBlock> blocks = new ArrayList<>(contents.envs());
        blocks.sort(Comparator.comparingLong(EnvBlock::id)); // the state has them by hash
        List<EnvInfo> envs = new ArrayList<>(blocks.size());
        for (EnvBlock block : blocks) {
            List<Long> pids = pids(block.members());
            if (!pids.isEmpty()) {
                EnvBlock shown = LeaseRules.isOver(block, () -> sinceBoot) ? block.expired() : block;
                alive.put(shown.id(), shown);
                envs.add(info(shown, pids.getFirst() == NO_PID ? pids.subList(1, pids.size()) : pids));
                addAttachments(shown);
            }
        }
        attachments.values().forEach(list -> list.sort(Comparator.comparing(DeviceInfo.Attachment::since)));
        contents.holders().forEach(this::addHolder);
        List<QueuedRequest> queue = contents.waiters().stream()
                .filter(request -> lives.isAlive(request.token()))
                .toList();
        queue.forEach(this::addWaiter);
        return new Snapshot(
                envs,
                devices(devices),
                queue.stream().map(SnapshotBuilder::info).toList(),
                format);
    }

    /** Of those that live; 0 stands for notebook kernels of Genv. */
    private List<Long> pids(List<Member> members) {
        if (members.size() == 1) {
            Member only = members.getFirst();
            return lives.isAlive(only) ? List.of(only.pid()) : List.of();
        }
        return members.stream()
                .filter(lives::isAlive)
                .map(Member::pid)
                .distinct()
                .sorted()
                .toList();
    }

    private EnvInfo info(EnvBlock block, List<Long> pids) {
        boolean leased = block.lease().hasEnd() && !block.devices().isEmpty();
        return new EnvInfo(
                block.eid(),
                block.owner().uid(),
                block.owner().username(),
                Instant.ofEpochMilli(block.created()),
                block.config(),
                pids,
                block.devices().toList(),
                leased ? Optional.of(LeaseEnds.instant(block, sinceBoot)) : Optional.empty());
    }

    private void addAttachments(EnvBlock block) {
        for (int i = 0; i < block.attachmentCount(); i++) {
            long attachment = block.attachment(i);
            int index = EnvBlock.index(attachment);
            attachments
                    .computeIfAbsent(index, d -> new ArrayList<>())
                    .add(new DeviceInfo.Attachment(
                            block.eid(),
                            memory(contents.share(block, index)),
                            Instant.ofEpochMilli(EnvBlock.since(attachment))));
        }
    }

    private void addHolder(Holder holder) {
        EnvBlock block = alive.get(holder.env());
        if (block == null || !lives.isAlive(holder.token())) {
            return;
        }
        DeviceSet devices = holder.devices().intersect(block.devices()); // not those of a lease that is over
        DeviceInfo.LockHolder info = new DeviceInfo.LockHolder(
                block.eid(),
                holder.pid(),
                holder.mode(),
                memory(holder.memory()),
                Instant.ofEpochMilli(holder.since()));
        for (int d = devices.next(0); d >= 0; d = devices.next(d + 1)) {
            holders.computeIfAbsent(d, k -> new ArrayList<>()).add(info);
        }
    }

    private static DeviceInfo.Wait kind(QueuedRequest request) {
        return switch (request.kind()) {
            case DEVICES -> DeviceInfo.Wait.DEVICES;
            case EXCLUSIVE_LOCK -> DeviceInfo.Wait.EXCLUSIVE_LOCK;
            case SHARED_LOCK -> DeviceInfo.Wait.SHARED_LOCK;
        };
    }

    private static WaiterInfo info(QueuedRequest request) {
        return new WaiterInfo(
                request.eid(),
                request.by().uid(),
                request.pid(),
                kind(request),
                request.isLimited(),
                request.devices().toList(),
                request.count(),
                memory(request.share()),
                Instant.ofEpochMilli(request.since()));
    }

    private void addWaiter(QueuedRequest request) {
        DeviceInfo.Wait kind = kind(request);
        DeviceSet devices = request.devices();
        for (int d = devices.next(0); d >= 0; d = devices.next(d + 1)) {
            List<DeviceInfo.Waiter> line = waiters.computeIfAbsent(d, k -> new ArrayList<>());
            int before = (int) line.stream()
                    .filter(other -> (other.waitsFor() == DeviceInfo.Wait.DEVICES) == (kind == DeviceInfo.Wait.DEVICES))
                    .count();
            line.add(new DeviceInfo.Waiter(
                    request.eid(), request.pid(), kind, Instant.ofEpochMilli(request.since()), before));
        }
    }

    private List<DeviceInfo> devices(List<Device> described) {
        Map<Integer, Device> byIndex = new HashMap<>();
        described.forEach(device -> byIndex.put(device.index(), device));
        int count = contents.devices().size();
        for (Device device : described) {
            count = Math.max(count, device.index() + 1);
        }
        List<DeviceInfo> infos = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Device device = byIndex.get(i);
            if (device != null || attachments.containsKey(i)) {
                infos.add(info(i, device));
            }
        }
        return infos;
    }

    private DeviceInfo info(int index, @Nullable Device device) {
        Optional<MemorySize> known =
                recordedTotal(index) < 0 ? Optional.empty() : Optional.of(MemorySize.ofBytes(recordedTotal(index)));
        return new DeviceInfo(
                index,
                device == null ? Optional.empty() : Optional.of(device.uuid()),
                device == null ? Optional.empty() : device.name(),
                device == null ? known : device.totalMemory(),
                attachments.getOrDefault(index, List.of()),
                holders.getOrDefault(index, List.of()),
                waiters.getOrDefault(index, List.of()));
    }

    private static Optional<MemorySize> memory(long bytes) {
        // WHOLE; or another negative one, which only a forged state has
        return bytes < 0 ? Optional.empty() : Optional.of(MemorySize.ofBytes(bytes));
    }

    /** What the state says of a device's memory; -1 if it does not know the device. */
    private long recordedTotal(int index) {
        return index < contents.devices().size() ? contents.devices().get(index).total() : -1;
    }
}
