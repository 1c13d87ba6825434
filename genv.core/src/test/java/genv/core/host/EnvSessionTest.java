// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.os.BootClock;
import genv.core.state.StateFixture;
import genv.core.state.Transitions;
import genv.core.store.Store;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is shown of an environment in a state in which nobody takes anything back. */
class EnvSessionTest {
    private static final long HOUR = 3_600_000;

    @TempDir
    private Path directory;

    private StateFixture state;
    private Transitions process;

    @BeforeEach
    void make() {
        state = new StateFixture(directory);
        process = state.process(1);
    }

    @AfterEach
    void close() {
        state.close();
    }

    @Test
    void shouldShowNoDevicesOnceTheLeaseIsOverThoughNobodyTookThemBack() {
        long now = BootClock.millis();
        EnvSession session = session(new LeaseTime(0, now - 2, now - 1));
        assertThat(session.view().devices()).isEmpty();
        assertThat(session.devices()).isEqualTo(DeviceSet.EMPTY);
        assertThat(session.leaseEnd()).isEmpty();
        EnvBlock kept = session.blockInState();
        assertThat(kept == null ? DeviceSet.EMPTY : kept.devices()).isEqualTo(DeviceSet.of(3));
    }

    @Test
    void shouldShowDevicesAsLongAsTheLeaseRuns() {
        EnvSession session = session(new LeaseTime(0, 1, BootClock.millis() + HOUR));
        assertThat(session.view().devices()).containsExactly(3);
        assertThat(session.leaseEnd()).isPresent();
    }

    @Test
    void shouldMakeAViewOnceForEachChange() {
        long now = BootClock.millis();
        for (LeaseTime lease :
                List.of(LeaseTime.NONE, new LeaseTime(0, now - 2, now - 1), new LeaseTime(0, now, now + HOUR))) {
            EnvSession session = session(lease);
            assertThat(session.view()).as("%s", lease).isSameAs(session.view());
        }
    }

    private EnvSession session(LeaseTime lease) {
        EnvBlock made = process.transact(draft -> {
            EnvBlock block = StateFixture.env(draft, "e-" + draft.nextVersion(), 1)
                    .withDevices(DeviceSet.of(3), false, 1)
                    .withLease(lease);
            draft.put(block);
            return block;
        });
        return EnvSession.of(store(), made);
    }

    /** A store of which only what a session reads is there. */
    private Store store() {
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(),
                new Class<?>[] {Store.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "read" -> process.transact((Edit<?>) arguments[0]);
                    case "rootAcquire" -> process.<Long>transact(Draft::root);
                    default -> throw new AssertionError(method);
                });
    }
}
