// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.PlacementCandidate;
import genv.api.PlacementPolicy;
import genv.api.PlacementQuestion;
import genv.api.StateFormat;
import genv.api.spi.Closeness;
import genv.api.spi.DeviceProcess;
import genv.core.layout.FileLayout;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Placement policies on a host. */
class PlacementTest {
    private static final PlacementPolicy HIGHEST = question -> question.candidates().reversed().stream()
            .limit(question.missing())
            .map(PlacementCandidate::index)
            .toList();

    @Test
    @GenvTest(devices = 4)
    void shouldGiveWhatThePolicyOfTheRequestChooses(GenvHost host) {
        assertThat(host.activate(gpus(2).placement(HIGHEST)).devices()).containsExactly(2, 3);
        assertThat(host.attach(DeviceRequest.gpus(3).placement(HIGHEST))).containsExactly(1, 2, 3);
    }

    @Test
    @GenvTest(devices = 4)
    void shouldGiveWhatThePolicyOfTheHostChoosesUnlessTheRequestHasOne(GenvHosts hosts) {
        GenvHost host = hosts.open(options -> options.placement(HIGHEST));
        host.activate(gpus(1));
        assertThat(host.attached()).containsExactly(3);
        assertThat(host.attach(DeviceRequest.gpus(2).placement(PlacementPolicy.firstFit())))
                .containsExactly(0, 3);
        assertThat(host.attach(DeviceRequest.index(1).placement(HIGHEST)))
                .as("nothing to choose")
                .containsExactly(0, 1, 3);
    }

    /** Each of these would make the request start over, or change what it is decided on. */
    @Test
    @GenvTest(devices = 4)
    void shouldRefuseAPolicyThatCallsGenv(GenvHost host, GenvHosts hosts) {
        GenvHost other = hosts.open();
        Activation env = host.activate();
        DeviceLock lock = host.lock();
        List<Runnable> calls = List.of(
                () -> host.attach(DeviceRequest.gpus(1)),
                host::detach,
                host::lock,
                lock::close,
                () -> host.configure(EnvConfig.empty()),
                host::snapshot,
                host::active,
                host::eid,
                host::attached,
                host::configuration,
                host::saveConfiguration,
                host::home,
                env::devices,
                env::configuration,
                env::variables,
                env::close,
                host::close,
                () -> host.run(gpus(1), () -> {}),
                () -> other.activate(gpus(1)),
                () -> GenvHost.convert(hosts.stateDirectory(), StateFormat.JSON));
        for (Runnable call : calls) {
            PlacementPolicy calling = question -> {
                call.run();
                return List.of(0, 1);
            };
            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2).placement(calling)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("a placement policy called genv");
        }
        assertThat(host.attach(DeviceRequest.gpus(1))).containsExactly(0);
        lock.close();
        env.close();
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    @GenvTest(devices = 4)
    void shouldTellThePolicyWhatTheStateSays(GenvHost host, GenvHosts hosts) {
        host.activate(
                ActivationRequest.of(EnvConfig.builder().gpus(2).gpuMemory("6g").build()));
        GenvHost other = hosts.open();
        other.activate();
        other.configure(EnvConfig.builder().gpuMemory("4g").build());
        other.attach(DeviceRequest.index(3));
        List<PlacementQuestion> asked = new ArrayList<>();
        other.attach(DeviceRequest.gpus(2).placement(question -> {
            asked.add(question);
            return HIGHEST.choose(question);
        }));
        PlacementQuestion question = asked.getLast();
        assertThat(question.missing()).isEqualTo(1);
        assertThat(question.gpuMemory().orElseThrow()).hasToString("4g");
        assertThat(question.attached()).containsExactly(3);
        assertThat(question.overSubscribed()).isFalse();
        assertThat(question.candidates())
                .extracting(
                        PlacementCandidate::index,
                        PlacementCandidate::environments,
                        c -> c.reserved().toString())
                .containsExactly(tuple(0, 1, "6g"), tuple(1, 1, "6g"), tuple(2, 0, "0"));
        assertThat(question.candidates()).allSatisfy(candidate -> {
            assertThat(candidate.sample()).as("not needed, not asked for").isEmpty();
            assertThat(candidate.device().totalMemory()).isPresent();
        });
        assertThat(question.closeness(0, 1)).isEmpty();
    }

    @Test
    @GenvTest(devices = 4)
    void shouldShowOnlyTheBeginningOfALongWrongAnswer(GenvHost host) {
        PlacementPolicy endless = question -> Collections.nCopies(2_000_000, 1);
        assertThatThrownBy(() -> host.activate(gpus(2).placement(endless)))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("answer=[1, 1, 1")
                .hasMessageContaining(" size=2000000 missing=2 candidates=")
                .extracting(Throwable::getMessage, InstanceOfAssertFactories.STRING)
                .hasSizeLessThan(1_000);
    }

    @Test
    @GenvTest(devices = 3)
    void shouldFillUpBestFit(GenvHost host, GenvHosts hosts) {
        host.activate(ActivationRequest.of(config(1, "10g")));
        GenvHost second = hosts.open();
        second.activate(ActivationRequest.of(config(1, "9g")));
        GenvHost third = hosts.open();
        assertThat(third.activate(ActivationRequest.of(config(1, "6g")).placement(PlacementPolicy.bestFit()))
                        .devices())
                .as("6g of 16g are left on device 0, 7g on device 1")
                .containsExactly(0);
        GenvHost fourth = hosts.open();
        assertThat(fourth.activate(ActivationRequest.of(config(2, "7g")).placement(PlacementPolicy.bestFit()))
                        .devices())
                .containsExactly(1, 2);
    }

    @Test
    @GenvTest(devices = 3)
    void shouldAskTheBackendForWhatIsNeeded(GenvHosts hosts) {
        hosts.backend().editSample(0, sample -> sample.gpuUtilization(80));
        hosts.backend().editSample(1, sample -> sample.gpuUtilization(40));
        hosts.backend().editSample(2, sample -> sample.gpuUtilization(60));
        assertThat(hosts.open()
                        .activate(gpus(1).placement(PlacementPolicy.mostIdle()))
                        .devices())
                .containsExactly(1);
        hosts.backend().setCloseness(0, 2, Closeness.NVLINK);
        assertThat(hosts.open()
                        .activate(gpus(2).placement(PlacementPolicy.closestTogether()))
                        .devices())
                .containsExactly(0, 2);
    }

    @Test
    @GenvTest(devices = 4)
    void shouldKnowConnectionsOfWhatIsAttachedAlready(GenvHost host, GenvHosts hosts) {
        hosts.backend().setCloseness(1, 3, Closeness.NVLINK);
        host.activate();
        host.attach(DeviceRequest.index(1));
        assertThat(host.attach(DeviceRequest.gpus(2).placement(PlacementPolicy.closestTogether())))
                .containsExactly(1, 3);
    }

    @Test
    @GenvTest(devices = 3)
    void shouldTellOutsidersFromMembersAndTheirDescendants(GenvHosts hosts) throws Exception {
        long self = ProcessHandle.current().pid();
        GenvHost host = hosts.open();
        host.activate(); // now this process is a member
        Process child = new ProcessBuilder("sleep", "1000").start();
        try {
            hosts.backend().editSample(0, sample -> sample.processes(List.of(user(1))));
            hosts.backend().editSample(1, sample -> sample.processes(List.of(user(self), user(child.pid()))));
            List<PlacementQuestion> asked = new ArrayList<>();
            PlacementPolicy policy = question -> {
                asked.add(question);
                return PlacementPolicy.avoidOutsiders().choose(question);
            };
            assertThat(host.attach(DeviceRequest.gpus(2).placement(policy.needing(PlacementPolicy.Need.OUTSIDERS))))
                    .containsExactly(1, 2);
            assertThat(asked.getFirst().candidates())
                    .extracting(PlacementCandidate::outsiders)
                    .containsExactly(List.of(1L), List.of(), List.of());
        } finally {
            child.destroyForcibly();
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldDoWithoutASampleOfADeviceThatIsLost(GenvHost host, GenvHosts hosts) {
        host.snapshot(); // the devices are known by now
        hosts.backend().lose(0, "fell off the bus");
        assertThat(host.activate(gpus(1).placement(PlacementPolicy.mostIdle())).devices())
                .containsExactly(1);
    }

    @Test
    @GenvTest(devices = 4)
    void shouldChooseAmongEquallyPopulatedDevicesWhenOverSubscribed(GenvHost host, GenvHosts hosts) {
        host.activate(gpus(1)); // device 0
        GenvHost other = hosts.open();
        List<PlacementQuestion> asked = new ArrayList<>();
        PlacementPolicy policy = question -> {
            asked.add(question);
            return HIGHEST.choose(question);
        };
        assertThat(other.activate(gpus(2).overSubscribed().placement(policy)).devices())
                .as("of the three free ones")
                .containsExactly(2, 3);
        assertThat(asked.getFirst().candidates())
                .extracting(PlacementCandidate::index)
                .containsExactly(1, 2, 3);
        assertThat(asked.getFirst().overSubscribed()).isTrue();
        asked.clear();
        GenvHost third = hosts.open();
        assertThat(third.activate(gpus(2).overSubscribed().placement(policy)).devices())
                .as("the free one in any case, then one of those that one environment has")
                .containsExactly(1, 3);
        assertThat(asked.getFirst().attached()).containsExactly(1);
        assertThat(asked.getFirst().missing()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0,0", "0,1,2", "0,9", "0,-1", "0,1000", "0,128"})
    @GenvTest(devices = 3)
    void shouldNameAWrongAnswer(String answer, GenvHost host) {
        List<Integer> indices = Arrays.stream(answer.split(",", -1))
                .filter(text -> !text.isEmpty())
                .map(Integer::valueOf)
                .toList();
        PlacementPolicy wrong = new PlacementPolicy() {
            @Override
            public List<Integer> choose(PlacementQuestion question) {
                return indices;
            }

            @Override
            public String toString() {
                return "guesswork";
            }
        };
        assertThatThrownBy(() -> host.activate(gpus(2).placement(wrong)))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("policy=guesswork answer=" + indices + " missing=2 candidates=[0, 1, 2]");
        assertThat(host.active()).isFalse();
        assertThat(host.snapshot().envs()).isEmpty();
    }

    /** The Java runtime throws one as well where the file of the state was cut short: it is not to be taken for that. */
    @Test
    @GenvTest(devices = 2)
    void shouldNotTakeTheErrorOfAPolicyForDamageOfTheState(GenvHost host, GenvHosts hosts) {
        GenvHost other = hosts.open();
        for (int i = 0; i < FileLayout.RECORDS + 2; i++) {
            AtomicInteger runs = new AtomicInteger();
            assertThatThrownBy(() -> host.activate(gpus(1).placement(question -> {
                        if (runs.incrementAndGet() > 1) {
                            throw new InternalError("zip file was truncated");
                        }
                        onAnotherThread(() -> other.run(ActivationRequest.of(EnvConfig.empty()), () -> {}));
                        return List.of(0);
                    })))
                    .isExactlyInstanceOf(GenvException.class)
                    .hasMessageContaining("the placement policy failed")
                    .hasMessageContaining("zip file was truncated");
        }
        assertThat(other.activate(gpus(2)).devices()).containsExactly(0, 1);
    }

    private static void onAnotherThread(Runnable action) {
        Thread thread = Thread.ofPlatform().start(action);
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldEndTheRequestWithWhatThePolicyThrows(GenvHost host) {
        AtomicInteger calls = new AtomicInteger();
        IllegalStateException own = new IllegalStateException("my own");
        assertThatThrownBy(() -> host.activate(gpus(1).placement(question -> {
                    calls.incrementAndGet();
                    throw own;
                })))
                .isSameAs(own);
        assertThat(calls).hasPositiveValue();
        assertThat(host.snapshot().envs()).isEmpty();
        assertThat(host.activate(gpus(2)).devices()).containsExactly(0, 1);
    }

    @Test
    @GenvTest(devices = 2)
    void shouldNotAskThePolicyWhereNothingCanBeGiven(GenvHost host, GenvHosts hosts) {
        host.activate(gpus(2));
        AtomicInteger calls = new AtomicInteger();
        PlacementPolicy counting = question -> {
            calls.incrementAndGet();
            return HIGHEST.choose(question);
        };
        GenvHost other = hosts.open();
        assertThatThrownBy(() -> other.activate(gpus(1).placement(counting)))
                .isInstanceOf(DevicesUnavailableException.class);
        assertThat(calls).hasValue(0);
    }

    private static DeviceProcess user(long pid) {
        return new DeviceProcess(pid, DeviceProcess.Kind.COMPUTE, Optional.empty());
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }

    private static EnvConfig config(int gpus, String memory) {
        return EnvConfig.builder().gpus(gpus).gpuMemory(memory).build();
    }
}
