// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Notes what it is asked and does nothing. */
final class StubHost implements GenvHost {
    final List<String> asked = new ArrayList<>();
    private final Optional<DeviceLock> lock = Optional.of(new DeviceLock() {
        @Override
        public List<Integer> devices() {
            return List.of();
        }

        @Override
        public void close() {}
    });

    @Override
    public boolean active() {
        asked.add("active");
        return true;
    }

    @Override
    public Optional<String> eid() {
        asked.add("eid");
        return Optional.of("stub");
    }

    @Override
    public Activation activate(ActivationRequest request) {
        asked.add("activate " + request);
        throw new AlreadyActiveException("stub");
    }

    @Override
    public void configure(EnvConfig config) {
        asked.add("configure " + config);
    }

    @Override
    public EnvConfig configuration() {
        asked.add("configuration");
        return EnvConfig.empty();
    }

    @Override
    public EnvConfig refreshConfiguration() {
        asked.add("refreshConfiguration");
        return EnvConfig.empty();
    }

    @Override
    public EnvConfig loadConfiguration() {
        asked.add("loadConfiguration");
        return EnvConfig.empty();
    }

    @Override
    public void saveConfiguration() {
        asked.add("saveConfiguration");
    }

    @Override
    public Optional<Path> home() {
        asked.add("home");
        return Optional.empty();
    }

    @Override
    public List<Integer> attach(DeviceRequest request) {
        asked.add("attach " + request);
        return List.of(0);
    }

    @Override
    public List<Integer> attached() {
        asked.add("attached");
        return List.of(0);
    }

    @Override
    public List<Integer> detach() {
        asked.add("detach");
        return List.of();
    }

    @Override
    public List<Integer> detach(int index) {
        asked.add("detach " + index);
        return List.of();
    }

    @Override
    public List<Integer> refreshAttached() {
        asked.add("refreshAttached");
        return List.of(0);
    }

    @Override
    public Optional<Instant> leaseEnd() {
        asked.add("leaseEnd");
        return Optional.of(Instant.EPOCH);
    }

    @Override
    public Instant renewLease(Duration duration) {
        asked.add("renewLease " + duration);
        return Instant.EPOCH;
    }

    @Override
    public DeviceLock lock(LockMode mode) {
        asked.add("lock " + mode);
        return lock.orElseThrow();
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode) {
        asked.add("tryLock " + mode);
        return lock;
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode, Duration limit) {
        asked.add("tryLock " + mode + " " + limit);
        return lock;
    }

    @Override
    public Snapshot snapshot() {
        asked.add("snapshot");
        return new Snapshot(List.of(), List.of());
    }

    @Override
    public String snapshotJson() {
        asked.add("snapshotJson");
        return "{}";
    }

    @Override
    public <R extends @Nullable Object, X extends Throwable> R call(
            ActivationRequest request, ScopedValue.CallableOp<? extends R, X> op) throws X {
        asked.add("call " + request);
        return op.call();
    }

    @Override
    public void close() {
        asked.add("close");
    }
}
