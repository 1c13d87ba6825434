// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import genv.api.BackendException;
import genv.api.GenvOptions;
import genv.api.spi.Availability;
import genv.api.spi.DeviceBackend;
import genv.core.backend.BackendCandidates.Candidate;
import genv.core.variables.MemoryVariables;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackendSelectorTest {
    private final MemoryVariables variables = new MemoryVariables();
    private final AtomicInteger looks = new AtomicInteger();
    private @Nullable String property;

    @BeforeEach
    void clearProperty() {
        property = System.getProperty(BackendSelector.PROPERTY);
        System.clearProperty(BackendSelector.PROPERTY);
    }

    @AfterEach
    void restoreProperty() {
        String value = property;
        if (value == null) {
            System.clearProperty(BackendSelector.PROPERTY);
        } else {
            System.setProperty(BackendSelector.PROPERTY, value);
        }
    }

    @Test
    void shouldChooseTheUsableOneWhenOthersAreNot() {
        FakeBackend usable = FakeBackend.usable("nvml");
        FakeBackend unusable = FakeBackend.unusable("rocm", "no driver");
        FakeBackend onRequest = FakeBackend.onRequest("simulated");

        assertThat(selector(unusable, usable, onRequest).backend()).isSameAs(usable);

        assertThat(usable.closed).hasValue(0);
        assertThat(unusable.closed).hasValue(1);
        assertThat(onRequest.asked).hasValue(0);
    }

    @Test
    void shouldLookNowhereWhenNotNeeded() {
        FakeBackend usable = FakeBackend.usable("nvml");

        BackendSelector selector = selector(usable);

        assertThat(selector.chosen()).isEmpty();
        selector.close();
        assertThat(looks).hasValue(0);
        assertThat(usable.asked).hasValue(0);
    }

    @Test
    void shouldLookOnceWhenNeededOften() {
        FakeBackend usable = FakeBackend.usable("nvml");
        BackendSelector selector = selector(usable);

        assertThat(selector.backend()).isSameAs(usable);
        assertThat(selector.backend()).isSameAs(usable);
        assertThat(selector.chosen()).containsSame(usable);

        assertThat(looks).hasValue(1);
        assertThat(usable.asked).hasValue(1);
    }

    @Test
    void shouldNameEachWithReasonWhenNoneIsUsable() {
        BackendSelector selector = selector(
                List.of("com.acme.Broken: could not be created: boom"),
                FakeBackend.unusable("nvml", "library is missing: library=libnvidia-ml.so.1"),
                FakeBackend.onRequest("simulated"));

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector::backend)
                .withMessageContaining("no device backend is usable")
                .withMessageContaining("nvml (library is missing: library=libnvidia-ml.so.1)")
                .withMessageContaining("simulated (only on request)")
                .withMessageContaining("com.acme.Broken: could not be created: boom")
                .withMessageContaining("genv.nvml")
                .withMessageContaining("-Dgenv.backend=simulated");
    }

    @Test
    void shouldSaySoWhenNoneIsInstalled() {
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector()::backend)
                .withMessageContaining("no device backend is installed")
                .withMessageContaining("genv.nvml");
    }

    @Test
    void shouldNameBothAndCloseThemWhenTwoAreUsable() {
        FakeBackend first = FakeBackend.usable("nvml");
        FakeBackend second = FakeBackend.usable("rocm");

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(first, second)::backend)
                .withMessageContaining("several device backends are usable")
                .withMessageContaining("nvml=" + FakeBackend.class.getName())
                .withMessageContaining("rocm=" + FakeBackend.class.getName())
                .withMessageContaining("-Dgenv.backend=<id>");

        assertThat(first.closed).hasValue(1);
        assertThat(second.closed).hasValue(1);
    }

    @Test
    void shouldChooseUsableOneWhenAnotherThrows() {
        FakeBackend broken = FakeBackend.usable("broken");
        broken.availability = () -> {
            throw new UnsatisfiedLinkError("no symbol");
        };
        FakeBackend usable = FakeBackend.usable("nvml");

        assertThat(selector(broken, usable).backend()).isSameAs(usable);
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(broken)::backend)
                .withMessageContaining("broken (failed while it was asked: java.lang.UnsatisfiedLinkError: no symbol)");
    }

    @Test
    void shouldTakeNamedOneWhenOptionsNameIt() {
        FakeBackend simulated = FakeBackend.onRequest("simulated");
        FakeBackend nvml = FakeBackend.usable("nvml");
        GenvOptions options = GenvOptions.builder().backendId("simulated").build();
        System.setProperty(BackendSelector.PROPERTY, "nvml");

        assertThat(selector(options, List.of(), nvml, simulated).backend()).isSameAs(simulated);
        assertThat(nvml.asked).hasValue(0);
    }

    @Test
    void shouldTakeNamedOneWhenPropertyNamesItAndVariableAsksForSimulated() {
        FakeBackend simulated = FakeBackend.onRequest("simulated");
        FakeBackend rocm = FakeBackend.usable("rocm");
        System.setProperty(BackendSelector.PROPERTY, " rocm ");
        variables.set("GENV_MOCK_DEVICE_COUNT", "2");

        assertThat(selector(FakeBackend.usable("nvml"), rocm, simulated).backend())
                .isSameAs(rocm);
    }

    @Test
    void shouldTakeSimulatedOneWhenMockDevicesAreCounted() {
        FakeBackend simulated = FakeBackend.onRequest("simulated");
        variables.set("GENV_MOCK_DEVICE_COUNT", "2");

        assertThat(selector(FakeBackend.usable("nvml"), simulated).backend()).isSameAs(simulated);
    }

    @Test
    void shouldNotTakeSimulatedOneWhenCountIsBlank() {
        FakeBackend nvml = FakeBackend.usable("nvml");
        variables.set("GENV_MOCK_DEVICE_COUNT", " ");

        assertThat(selector(nvml, FakeBackend.onRequest("simulated")).backend()).isSameAs(nvml);
    }

    @Test
    void shouldSayWhoAskedAndWhatThereIsWhenNamedOneIsNotInstalled() {
        variables.set("GENV_MOCK_DEVICE_COUNT", "2");

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(List.of("x.Y: could not be created: z"), FakeBackend.usable("nvml"))::backend)
                .withMessageContaining("id=simulated")
                .withMessageContaining("environment variable GENV_MOCK_DEVICE_COUNT")
                .withMessageContaining("installed=[nvml]")
                .withMessageContaining("failed=[x.Y: could not be created: z]");
    }

    @Test
    void shouldGiveItsReasonWhenNamedOneIsNotUsable() {
        System.setProperty(BackendSelector.PROPERTY, "nvml");
        FakeBackend nvml = FakeBackend.unusable("nvml", "no driver");

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(nvml, FakeBackend.usable("rocm"))::backend)
                .withMessageContaining("id=nvml, asked for by=system property genv.backend, reason=no driver");
        assertThat(nvml.closed).hasValue(1);
    }

    @Test
    void shouldRefuseWhenTwoHaveTheNamedIdentifier() {
        System.setProperty(BackendSelector.PROPERTY, "nvml");

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(FakeBackend.usable("nvml"), FakeBackend.usable("nvml"))::backend)
                .withMessageContaining("several device backends have this identifier: id=nvml");
    }

    @Test
    void shouldTakeGivenInstanceAndNeverCloseItWhenOptionsHoldOne() {
        FakeBackend given = FakeBackend.onRequest("mine");
        GenvOptions options =
                GenvOptions.builder().backend(given).backendId("other").build();
        variables.set("GENV_MOCK_DEVICE_COUNT", "2");
        BackendSelector selector = selector(options, List.of(), FakeBackend.usable("nvml"));

        assertThat(selector.backend()).isSameAs(given);
        selector.close();

        assertThat(looks).hasValue(0);
        assertThat(given.closed).hasValue(0);
    }

    @Test
    void shouldGiveReasonWhenGivenInstanceIsNotUsable() {
        FakeBackend given = FakeBackend.unusable("mine", "switched off");
        GenvOptions options = GenvOptions.builder().backend(given).build();

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(selector(options, List.of())::backend)
                .withMessageContaining("class=" + FakeBackend.class.getName())
                .withMessageContaining("reason=switched off");
        assertThat(given.closed).hasValue(0);
    }

    @Test
    void shouldLookAgainWhenFirstLookFailed() {
        AtomicReference<FakeBackend> installed = new AtomicReference<>(FakeBackend.unusable("nvml", "driver is down"));
        BackendSelector selector =
                new BackendSelector(GenvOptions.defaults(), variables, () -> candidates(List.of(), installed.get()));
        assertThat(catchThrowable(selector::backend)).hasMessageContaining("driver is down");
        assertThat(selector.chosen()).isEmpty();

        FakeBackend up = FakeBackend.usable("nvml");
        installed.set(up);

        assertThat(selector.backend()).isSameAs(up);
    }

    @Test
    void shouldCloseChosenOneOnceWhenClosed() {
        FakeBackend usable = FakeBackend.usable("nvml");
        BackendSelector selector = selector(usable);
        selector.backend();

        selector.close();
        selector.close();

        assertThat(usable.closed).hasValue(1);
        assertThat(selector.chosen()).isEmpty();
    }

    @Test
    void shouldCloseBackendWhenClosedWhileItIsBeingChosen() throws Exception {
        Gate gate = new Gate();
        FakeBackend slow = FakeBackend.usable("nvml");
        slow.availability = () -> gate.pass(new Availability.Available());
        BackendSelector selector = selector(slow);
        FutureTask<DeviceBackend> chooser = start(selector::backend).task();
        gate.entered.await();

        selector.close();
        gate.open.countDown();

        chooser.get();
        assertThat(slow.closed).hasValue(1);
    }

    @Test
    void shouldInitialiseOnceWhenThreadsNeedItAtOnce() throws Exception {
        Gate gate = new Gate();
        FakeBackend slow = FakeBackend.usable("nvml");
        slow.availability = () -> gate.pass(new Availability.Available());
        BackendSelector selector = selector(slow);
        List<Started> started = new ArrayList<>();
        started.add(start(selector::backend));
        gate.entered.await();
        for (int i = 0; i < 3; i++) {
            started.add(start(selector::backend));
        }
        started.stream().skip(1).forEach(BackendSelectorTest::awaitWaiting);

        gate.open.countDown();

        for (Started one : started) {
            assertThat(one.task().get()).isSameAs(slow);
        }
        assertThat(looks).hasValue(1);
        assertThat(slow.asked).hasValue(1);
    }

    @Test
    void shouldTellEachWaitingThreadAndStartAnewWhenFirstLookFails() throws Exception {
        Gate gate = new Gate();
        FakeBackend slow = FakeBackend.usable("nvml");
        slow.availability = () -> gate.pass(new Availability.Unavailable("no driver"));
        BackendSelector selector = selector(slow);
        Started first = start(selector::backend);
        gate.entered.await();
        Started second = start(selector::backend);
        awaitWaiting(second);

        gate.open.countDown();

        Throwable firstFailure = failure(first);
        Throwable secondFailure = failure(second);
        assertThat(firstFailure).isInstanceOf(BackendException.class).hasMessageContaining("no driver");
        assertThat(secondFailure)
                .isInstanceOf(BackendException.class)
                .isNotSameAs(firstFailure)
                .hasMessage(firstFailure.getMessage())
                .hasCause(firstFailure);
        slow.availability = Availability.Available::new;
        assertThat(selector.backend()).isSameAs(slow);
    }

    @Test
    void shouldRefuseInsteadOfWaitingForItselfWhenBackendUsesTheHost() {
        FakeBackend curious = FakeBackend.usable("curious");
        BackendSelector selector = selector(curious);
        List<String> seen = new CopyOnWriteArrayList<>();
        curious.availability = () -> {
            seen.add(String.valueOf(catchThrowable(selector::backend).getMessage()));
            return new Availability.Available();
        };

        assertThat(selector.backend()).isSameAs(curious);
        assertThat(seen).singleElement().asString().contains("asked for by a backend while it was being looked at");
    }

    private BackendSelector selector(FakeBackend... installed) {
        return selector(GenvOptions.defaults(), List.of(), installed);
    }

    private BackendSelector selector(List<String> problems, FakeBackend... installed) {
        return selector(GenvOptions.defaults(), problems, installed);
    }

    private BackendSelector selector(GenvOptions options, List<String> problems, FakeBackend... installed) {
        return new BackendSelector(options, variables, () -> candidates(problems, installed));
    }

    private BackendCandidates candidates(List<String> problems, FakeBackend... installed) {
        looks.incrementAndGet();
        List<Candidate> found = new ArrayList<>();
        for (FakeBackend backend : installed) {
            found.add(new Candidate(backend.id(), backend));
        }
        return new BackendCandidates(found, problems);
    }

    private record Started(Thread thread, FutureTask<DeviceBackend> task) {}

    private static Started start(Supplier<DeviceBackend> call) {
        FutureTask<DeviceBackend> task = new FutureTask<>(call::get);
        Thread thread = Thread.ofPlatform().daemon().start(task);
        return new Started(thread, task);
    }

    private static void awaitWaiting(Started started) {
        while (started.thread().getState() != Thread.State.WAITING) {
            assertThat(started.task().isDone()).isFalse();
            Thread.onSpinWait();
        }
    }

    private static Throwable failure(Started started) throws InterruptedException {
        try {
            throw new AssertionError("not expected: " + started.task().get());
        } catch (ExecutionException e) {
            return e.getCause() == null ? e : e.getCause();
        }
    }

    /** Holds a thread inside a backend until the test lets it go on. */
    private static final class Gate {
        final CountDownLatch entered = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);

        Availability pass(Availability answer) {
            entered.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return answer;
        }
    }
}
