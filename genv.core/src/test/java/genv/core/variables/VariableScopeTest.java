// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import genv.api.EnvConfig;
import genv.api.GenvException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class VariableScopeTest {
    private static final Map<String, String> INITIAL =
            Map.of("CUDA_VISIBLE_DEVICES", "4,5", "GENV_GPUS", "", "GENV_PYTHON", "0", "PATH", "/bin");

    private final FailingStore store = new FailingStore(INITIAL);

    @Test
    void shouldSetAndRemoveVariablesWhenOpened() {
        try (VariableScope scope = VariableScope.open(store, variables(EnvConfig.empty(), 0))) {
            assertThat(store.toMap())
                    .containsAllEntriesOf(scope.variables().set())
                    .doesNotContainKey("GENV_GPUS")
                    .containsEntry("PATH", "/bin");
        }
    }

    @Test
    void shouldRestoreWhatStoodBeforeWhenClosed() {
        VariableScope scope = VariableScope.open(store, variables(config(2), 0, 1));
        assertThat(store.toMap()).isNotEqualTo(INITIAL);

        scope.close();

        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldDoNothingWhenClosedTwice() {
        VariableScope scope = VariableScope.open(store, variables(config(2), 0));
        scope.close();
        store.set("GENV_GPUS", "later");

        scope.close();

        assertThat(store.get("GENV_GPUS")).contains("later");
    }

    @Test
    void shouldRestoreWhatStoodBeforeWhenOtherCodeChangedIt() {
        VariableScope scope = VariableScope.open(store, variables(config(2), 0));
        store.set("CUDA_VISIBLE_DEVICES", "foreign");
        store.unset("GENV_ENVIRONMENT_ID");
        store.set("GENV_ENVIRONMENT_NAME", "foreign");

        scope.close();

        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldChangeValuesAndStillRestoreWhenUpdated() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));

        scope.update(variables(EnvConfig.empty(), 0, 3));

        assertThat(store.get("CUDA_VISIBLE_DEVICES")).contains("0,3");
        assertThat(store.get("GENV_GPUS")).isEmpty();
        assertThat(scope.variables()).isEqualTo(variables(EnvConfig.empty(), 0, 3));
        scope.close();
        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldGiveVariableBackWhenUpdateNoLongerSpeaksOfIt() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));

        scope.update(host("HIP_VISIBLE_DEVICES").of("e1", config(1), List.of(0)));

        assertThat(store.get("CUDA_VISIBLE_DEVICES")).contains("4,5");
        assertThat(store.get("CUDA_DEVICE_ORDER")).isEmpty();
        assertThat(store.get("HIP_VISIBLE_DEVICES")).contains("0");
        store.set("CUDA_VISIBLE_DEVICES", "no longer ours");
        scope.close();
        assertThat(store.get("CUDA_VISIBLE_DEVICES")).contains("no longer ours");
        assertThat(store.get("HIP_VISIBLE_DEVICES")).isEmpty();
    }

    @Test
    void shouldWriteOnlyWhatDiffersWhenUpdated() {
        try (VariableScope scope = VariableScope.open(store, variables(config(1), 0))) {
            store.written.clear();

            scope.update(variables(config(1), 0, 1));

            assertThat(store.written).containsExactly("CUDA_VISIBLE_DEVICES");
        }
    }

    @Test
    void shouldChangeNothingWhenOpeningFailsHalfWay() {
        store.failing.add("GENV_PYTHON");

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> VariableScope.open(store, variables(config(1), 0)))
                .withMessageContaining("variables could not be set: variables=[GENV_PYTHON")
                .withMessageContaining("reason=refused GENV_PYTHON");

        store.failing.clear();
        assertThat(store.toMap()).isEqualTo(INITIAL);
        assertThat(store.written).contains("GENV_ENVIRONMENT_ID");
    }

    @Test
    void shouldChangeNothingWhenVariableCannotBeRead() {
        store.unreadable.add("CUDA_VISIBLE_DEVICES");

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> VariableScope.open(store, variables(config(1), 0)))
                .withMessageContaining("nothing was changed: variables=[CUDA_VISIBLE_DEVICES]");

        assertThat(store.written).isEmpty();
    }

    @Test
    void shouldKeepAppliedValuesWhenUpdateFailsHalfWay() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));
        Map<String, String> applied = store.toMap();
        store.failing.add("CUDA_VISIBLE_DEVICES");

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> scope.update(variables(config(7), 1)))
                .withMessageContaining("CUDA_VISIBLE_DEVICES");

        assertThat(store.toMap()).isEqualTo(applied);
        assertThat(scope.variables()).isEqualTo(variables(config(1), 0));
        store.failing.clear();
        scope.close();
        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldRestoreTheOthersAndRetryWhenOneCannotBeRestored() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));
        store.failing.add("GENV_GPUS");

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(scope::close)
                .withMessageContaining("variables could not be restored: variables=[GENV_GPUS]");

        Map<String, String> butOne = new HashMap<>(INITIAL);
        butOne.put("GENV_GPUS", "1");
        assertThat(store.toMap()).isEqualTo(butOne);
        store.failing.clear();
        scope.close();
        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldTakeBackWhatWasGivenBackWhenUpdateFailsLater() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));
        Map<String, String> applied = store.toMap();
        store.failing.add("CUDA_VISIBLE_DEVICES"); // the last step: its variable is not spoken of any more

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> scope.update(host("HIP_VISIBLE_DEVICES").of("e1", config(2), List.of(1))))
                .withMessageContaining("variables could not be set: variables=[CUDA_VISIBLE_DEVICES");

        assertThat(store.toMap()).isEqualTo(applied);
        store.failing.clear();
        scope.close();
        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldRemoveWhatOtherCodeSetWhenItWasAbsentAndToBeAbsent() {
        VariableScope scope = VariableScope.open(store, variables(EnvConfig.empty(), 0));
        store.written.clear();
        store.set("GENV_ENVIRONMENT_NAME", "foreign");

        scope.close();

        assertThat(store.toMap()).isEqualTo(INITIAL);
        assertThat(store.written).as("as it was all the time").doesNotContain("GENV_GPU_MEMORY");
    }

    @Test
    void shouldRefuseUpdateWhenClosed() {
        VariableScope scope = VariableScope.open(store, variables(config(1), 0));
        scope.close();

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> scope.update(variables(config(2), 0)))
                .withMessageContaining("eid=e1");

        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    @Test
    void shouldLeaveNoMixtureWhenThreadsUpdateAtOnce() throws Exception {
        int threads = 4;
        VariableScope scope = VariableScope.open(store, variables(config(0)));
        CyclicBarrier start = new CyclicBarrier(threads);
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 1; thread <= threads; thread++) {
                int own = thread;
                running.add(executor.submit(() -> {
                    start.await();
                    for (int round = 0; round < 2_000; round++) {
                        scope.update(variables(config(own), own));
                    }
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        }

        assertThat(store.toMap()).containsAllEntriesOf(scope.variables().set());
        assertThat(store.get("GENV_GPUS")).isEqualTo(store.get("CUDA_VISIBLE_DEVICES"));
        scope.close();
        assertThat(store.toMap()).isEqualTo(INITIAL);
    }

    private static EnvConfig config(int gpus) {
        return EnvConfig.builder().name("n").gpus(gpus).build();
    }

    private static EnvironmentVariables variables(EnvConfig config, Integer... devices) {
        return host("CUDA_VISIBLE_DEVICES").of("e1", config, List.of(devices));
    }

    private static HostVariables host(String visibilityVariable) {
        return new HostVariables(VisibleNames.ofIndices(visibilityVariable), Path.of("/state"), true);
    }

    /** Refuses to write or read some variables on demand, and says what was written. */
    private static final class FailingStore implements VariableStore {
        final Set<String> failing = new HashSet<>();
        final Set<String> unreadable = new HashSet<>();
        final List<String> written = new ArrayList<>();
        private final MemoryVariables delegate;

        FailingStore(Map<String, String> initial) {
            this.delegate = new MemoryVariables(initial);
        }

        Map<String, String> toMap() {
            return delegate.toMap();
        }

        @Override
        public Optional<String> get(String name) {
            if (unreadable.contains(name)) {
                throw new IllegalStateException("unreadable " + name);
            }
            return delegate.get(name);
        }

        @Override
        public void set(String name, String value) {
            check(name);
            delegate.set(name, value);
        }

        @Override
        public void unset(String name) {
            check(name);
            delegate.unset(name);
        }

        private void check(String name) {
            if (failing.contains(name)) {
                throw new IllegalStateException("refused " + name);
            }
            written.add(name);
        }
    }
}
