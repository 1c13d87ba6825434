// SPDX-License-Identifier: Apache-2.0
package genv.it.peer;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.Genv;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.api.Snapshot;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The static methods of {@link Genv}, every single one, as an object. */
final class GenvFace implements GenvHost {
    @Override
    public boolean active() {
        return Genv.active();
    }

    @Override
    public Optional<String> eid() {
        return Genv.eid();
    }

    @Override
    public Activation activate() {
        return Genv.activate();
    }

    @Override
    public Activation activate(EnvConfig config) {
        return Genv.activate(config);
    }

    @Override
    public Activation activate(ActivationRequest request) {
        return Genv.activate(request);
    }

    @Override
    public void configure(EnvConfig config) {
        Genv.configure(config);
    }

    @Override
    public EnvConfig configuration() {
        return Genv.configuration();
    }

    @Override
    public EnvConfig refreshConfiguration() {
        return Genv.refreshConfiguration();
    }

    @Override
    public EnvConfig loadConfiguration() {
        return Genv.loadConfiguration();
    }

    @Override
    public void saveConfiguration() {
        Genv.saveConfiguration();
    }

    @Override
    public Optional<Path> home() {
        return Genv.home();
    }

    @Override
    public List<Integer> attach() {
        return Genv.attach();
    }

    @Override
    public List<Integer> attach(DeviceRequest request) {
        return Genv.attach(request);
    }

    @Override
    public List<Integer> attached() {
        return Genv.attached();
    }

    @Override
    public List<Integer> detach() {
        return Genv.detach();
    }

    @Override
    public List<Integer> detach(int index) {
        return Genv.detach(index);
    }

    @Override
    public List<Integer> refreshAttached() {
        return Genv.refreshAttached();
    }

    @Override
    public Optional<Instant> leaseEnd() {
        return Genv.leaseEnd();
    }

    @Override
    public Instant renewLease(Duration duration) {
        return Genv.renewLease(duration);
    }

    @Override
    public DeviceLock lock() {
        return Genv.lock();
    }

    @Override
    public DeviceLock lock(LockMode mode) {
        return Genv.lock(mode);
    }

    @Override
    public Optional<DeviceLock> tryLock() {
        return Genv.tryLock();
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode) {
        return Genv.tryLock(mode);
    }

    @Override
    public Optional<DeviceLock> tryLock(Duration limit) throws InterruptedException {
        return Genv.tryLock(limit);
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode, Duration limit) throws InterruptedException {
        return Genv.tryLock(mode, limit);
    }

    @Override
    public Snapshot snapshot() {
        return Genv.snapshot();
    }

    @Override
    public String snapshotJson() {
        return Genv.snapshotJson();
    }

    @Override
    public <R extends @Nullable Object, X extends Throwable> R call(
            ActivationRequest request, ScopedValue.CallableOp<? extends R, X> op) throws X {
        return Genv.<R, X>call(request, op);
    }

    @Override
    public void run(ActivationRequest request, Runnable op) {
        Genv.run(request, op);
    }

    /** The default host is never closed. */
    @Override
    public void close() {}
}
