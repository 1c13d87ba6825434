// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.DeviceInfo;
import genv.api.EnvInfo;
import genv.api.LockMode;
import genv.api.MemorySize;
import genv.api.Snapshot;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What must be true of every snapshot, whatever happens to whom. */
final class Invariants {
    private final Snapshot snapshot;
    private final Map<String, EnvInfo> envs;

    private Invariants(Snapshot snapshot) {
        this.snapshot = snapshot;
        this.envs = snapshot.envs().stream().collect(Collectors.toMap(EnvInfo::eid, Function.identity(), (a, b) -> {
            throw violated(snapshot, "two environments have one identifier", a, b);
        }));
    }

    /**
     * {@code dead}: pids of processes that were dead before the snapshot was taken. {@code mostDevices}, {@code mostMemory}:
     * what the owner of the host has allowed each user at some time, at most.
     */
    static void check(Snapshot snapshot, Set<Long> dead, int mostDevices, long mostMemory) {
        Invariants invariants = new Invariants(snapshot);
        for (EnvInfo env : snapshot.envs()) {
            invariants.checkEnv(env, dead);
        }
        for (DeviceInfo device : snapshot.devices()) {
            invariants.checkAttachments(device);
            invariants.checkLocks(device);
            invariants.checkWaiters(device);
        }
        invariants.checkLimits(mostDevices, mostMemory);
    }

    static void checkEmpty(Snapshot snapshot) {
        boolean empty = snapshot.envs().isEmpty()
                && snapshot.devices().stream()
                        .allMatch(device -> device.attachments().isEmpty()
                                && device.lockHolders().isEmpty()
                                && device.waiters().isEmpty());
        if (!empty) {
            throw violated(snapshot, "something is left although everybody is gone");
        }
    }

    private void checkEnv(EnvInfo env, Set<Long> dead) {
        require(!env.pids().isEmpty(), "an environment has no member", env);
        require(new HashSet<>(env.pids()).size() == env.pids().size(), "a member is shown twice", env);
        for (long pid : env.pids()) {
            require(!dead.contains(pid), "a dead process is shown as a member: pid=" + pid, env);
        }
        Set<Integer> attached = new TreeSet<>();
        for (DeviceInfo device : snapshot.devices()) {
            if (device.attachments().stream().anyMatch(a -> a.eid().equals(env.eid()))) {
                attached.add(device.index());
            }
        }
        require(List.copyOf(attached).equals(env.devices()), "devices and attachments do not agree", env, attached);
        require(env.leaseEnd().isEmpty() || !attached.isEmpty(), "a lease runs without devices", env);
    }

    private void checkAttachments(DeviceInfo device) {
        long exclusive = 0;
        long shares = 0;
        Set<String> seen = new HashSet<>();
        for (DeviceInfo.Attachment attachment : device.attachments()) {
            EnvInfo env = envs.get(attachment.eid());
            if (env == null) {
                throw violated(snapshot, "an attachment belongs to no environment", device, attachment);
            }
            require(seen.add(attachment.eid()), "an environment is attached twice", device);
            require(
                    attachment.gpuMemory().equals(env.config().gpuMemory()),
                    "an attachment has another share than its environment",
                    device,
                    env);
            if (!attachment.eid().startsWith("o-")) { // the others are over-subscribed on purpose
                exclusive += attachment.gpuMemory().isEmpty() ? 1 : 0;
                shares += attachment.gpuMemory().map(MemorySize::bytes).orElse(0L);
            }
        }
        long sharing = device.attachments().stream()
                .filter(a -> !a.eid().startsWith("o-"))
                .count();
        require(exclusive == 0 || sharing == 1, "a whole device is not one environment's alone", device);
        require(shares <= total(device), "shares are more than the device has", device);
    }

    private void checkLocks(DeviceInfo device) {
        long shares = 0;
        for (DeviceInfo.LockHolder holder : device.lockHolders()) {
            EnvInfo env = envs.get(holder.eid());
            require(
                    env != null && env.pids().contains(holder.pid()),
                    "a lock is held by no member of an environment",
                    device,
                    holder);
            Optional<MemorySize> share = holder.share();
            boolean whole = holder.mode() == LockMode.EXCLUSIVE || share.isEmpty();
            require(!whole || device.lockHolders().size() == 1, "a lock on a whole device is not alone", device);
            shares += share.map(MemorySize::bytes).orElse(0L);
        }
        require(shares <= total(device), "shared locks are more than the device has", device);
    }

    /** Requests for devices and for locks stand in two lines, which do not wait for each other. */
    private void checkWaiters(DeviceInfo device) {
        int[] next = new int[2];
        for (DeviceInfo.Waiter waiter : device.waiters()) {
            int line = waiter.waitsFor() == DeviceInfo.Wait.DEVICES ? 0 : 1;
            require(waiter.position() == next[line]++, "places in the queue are not in order", device);
        }
    }

    private void checkLimits(int mostDevices, long mostMemory) {
        Map<Long, Integer> devices = new HashMap<>();
        Map<Long, Long> memory = new HashMap<>();
        for (DeviceInfo device : snapshot.devices()) {
            for (DeviceInfo.Attachment attachment : device.attachments()) {
                EnvInfo env = envs.get(attachment.eid());
                long user = env == null ? -1 : env.uid();
                devices.merge(user, 1, Integer::sum);
                memory.merge(user, attachment.gpuMemory().map(MemorySize::bytes).orElse(total(device)), Long::sum);
            }
        }
        devices.forEach((user, count) ->
                require(count <= mostDevices, "a user has more devices than were ever allowed", user, count));
        memory.forEach((user, bytes) ->
                require(bytes <= mostMemory, "a user has more memory than was ever allowed", user, bytes));
    }

    private static long total(DeviceInfo device) {
        return device.totalMemory().map(MemorySize::bytes).orElse(0L);
    }

    private void require(boolean condition, String fact, Object... about) {
        if (!condition) {
            throw violated(snapshot, fact, about);
        }
    }

    private static AssertionError violated(Snapshot snapshot, String fact, Object... about) {
        return new AssertionError(fact + ": " + List.of(about) + "\nin " + snapshot);
    }
}
