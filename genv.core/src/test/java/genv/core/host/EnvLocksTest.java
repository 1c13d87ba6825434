// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.StateException;
import genv.api.spi.Device;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.rules.Candidates;
import genv.core.rules.EnvRules;
import genv.core.rules.Outcome;
import genv.core.store.Store;
import genv.core.store.Stores;
import genv.core.waiting.WaitLimit;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Locks that cannot be released at first, since the state cannot be written. */
@GenvTest(devices = 1)
class EnvLocksTest {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();

    private final LockRegistry registry = new LockRegistry();
    private GenvHost other;
    private Store store;
    private EnvRules.Key key;
    /** How many times unlocking is still to fail. */
    private int failures;

    @BeforeEach
    void lockBeside(GenvHosts hosts) throws Exception {
        other = hosts.host();
        other.activate(ActivationRequest.of(ONE).eid("b").overSubscribed());
        store = Stores.open(
                hosts.stateDirectory(),
                GenvOptions.Sharing.EVERYONE,
                new Stores.Surroundings(List::of, Optional.empty(), Optional.empty()));
        EnvRules.Activation asked = new EnvRules.Activation(Optional.of("a"), "a", ONE, true);
        Device device = hosts.backend().devices().getFirst();
        Candidates candidates = new Candidates(
                DeviceSet.of(0), new long[] {1L << 34}, new int[] {device.uuid().hashCode()});
        key = EnvRules.Key.of(((Outcome.Granted<EnvBlock>) store.activate(asked, candidates, WaitLimit.NONE)).value());
        registry.enter(key);
    }

    @AfterEach
    void close() {
        store.close();
    }

    /** The store, but that unlocking may fail. */
    private Store failing() {
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("unlock") && failures-- > 0) {
                        throw new StateException("no record is free");
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private EnvLocks locks() {
        return registry.of(failing(), key, false);
    }

    private DeviceLock lock() throws InterruptedException {
        return locks().lock(LockMode.EXCLUSIVE, WaitLimit.NONE, WaitLimit.NONE.start())
                .orElseThrow();
    }

    private void failToClose(DeviceLock lock) {
        failures = 1;
        assertThatThrownBy(lock::close).isInstanceOf(StateException.class);
        assertThat(other.tryLock()).as("it is locked still").isEmpty();
    }

    @Test
    void shouldReleaseWithTheSecondCloseWhatTheFirstCouldNot() throws Exception {
        DeviceLock outer = lock();
        DeviceLock inner = lock();
        outer.close();
        failToClose(inner);

        outer.close();
        assertThat(other.tryLock()).as("that one was closed before").isEmpty();
        inner.close();
        assertThat(other.tryLock()).hasValueSatisfying(DeviceLock::close);
        inner.close();
    }

    @Test
    void shouldReleaseWithTheNextLockWhatClosingCouldNot() throws Exception {
        DeviceLock failed = lock();
        failToClose(failed);

        DeviceLock next = lock();
        assertThat(next.devices()).containsExactly(0);
        failed.close();
        assertThat(other.tryLock())
                .as("an old lock releases nothing of a new one")
                .isEmpty();
        next.close();
        assertThat(other.tryLock()).hasValueSatisfying(DeviceLock::close);
    }

    @Test
    void shouldReleaseOnLeavingWhatClosingCouldNot() throws Exception {
        DeviceLock failed = lock();
        failToClose(failed);

        failures = 1;
        assertThatThrownBy(() -> registry.leave(key)).isInstanceOf(StateException.class);
        assertThat(other.tryLock()).isEmpty();
        registry.leave(key);
        assertThat(other.tryLock()).hasValueSatisfying(DeviceLock::close);
        failed.close();
    }
}
