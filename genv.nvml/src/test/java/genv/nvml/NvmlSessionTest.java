// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import genv.api.BackendException;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceSample;
import genv.nvml.binding.NvmlAbi;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When NVML is initialised, initialised anew, and shut down. */
class NvmlSessionTest {
    private static String unavailable(NvmlBackend backend) {
        return ((Availability.Unavailable) backend.availability()).reason();
    }

    private static String broken(NvmlBackend backend) {
        BackendException thrown = catchThrowableOfType(BackendException.class, backend::availability);
        assertThat(thrown)
                .as("what is broken is not to look like a host without devices")
                .isNotNull();
        return String.valueOf(thrown.getMessage());
    }

    @Test
    void shouldInitialiseOnceHoweverManyCallsAndBackendsThereAre() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            SharedSessions sessions = nvml.sessions();
            NvmlBackend one = new NvmlBackend(sessions, () -> "fake");
            NvmlBackend other = new NvmlBackend(sessions, () -> "fake");
            for (int i = 0; i < 3; i++) {
                for (NvmlBackend backend : List.of(one, other)) {
                    assertThat(backend.availability()).isInstanceOf(Availability.Available.class);
                    assertThat(backend.devices()).hasSize(1);
                    assertThat(backend.sample(0).temperature()).hasValue(55);
                    assertThat(backend.faults()).isEmpty();
                }
            }
            assertThat(nvml.inits).hasValue(1);
            one.close();
            assertThat(nvml.shutdowns).hasValue(0);
            assertThat(other.sample(0).temperature()).hasValue(55);
            other.close();
            assertThat(nvml.shutdowns).hasValue(1);
            assertThat(nvml.inits).hasValue(1);
        }
    }

    @Test
    void shouldInitialiseOnceWhenItTakesLongAndManyAskMeanwhile() throws Exception {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend();
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            nvml.onInit = () -> {
                inside.countDown();
                return await(goOn);
            };
            List<Future<DeviceSample>> samples = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                samples.add(threads.submit(() -> backend.sample(0)));
            }
            inside.await();
            goOn.countDown();
            for (Future<DeviceSample> sample : samples) {
                assertThat(sample.get().temperature()).hasValue(55);
            }
            assertThat(nvml.inits).hasValue(1);
        }
    }

    private static int await(CountDownLatch latch) {
        try {
            latch.await();
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 999;
        }
    }

    @Test
    void shouldSayThatVersionsDifferWhenTheDriverWasUpdated() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            nvml.onInit = NvmlAbi::NVML_ERROR_LIB_RM_VERSION_MISMATCH;
            assertThat(broken(backend))
                    .contains("different versions", "library version=13.999.2", "NVML_ERROR_LIB_RM_VERSION_MISMATCH")
                    .contains("reboot");
            assertThatThrownBy(backend::devices)
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("different versions");
            assertThat(nvml.inits).hasValue(1);
            assertThat(nvml.shutdowns).hasValue(0);
        }
    }

    @Test
    void shouldNameTheLoadedKernelModuleWhenVersionsDiffer(@TempDir Path directory) throws Exception {
        Path version = Files.writeString(directory.resolve("version"), "535.43.02\n");
        try (FakeNvml nvml = new FakeNvml()) {
            int code = NvmlAbi.NVML_ERROR_LIB_RM_VERSION_MISMATCH();
            assertThat(InitFailure.reason(nvml.calls(), "x", code, version)).contains("loaded kernel module=535.43.02");
            assertThat(InitFailure.reason(nvml.calls(), "x", code, directory)).contains("loaded kernel module=unknown");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 28})
    void shouldBeUnavailableWhenThereIsNoDriverOrNoDevice(int code) {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            nvml.onInit = () -> code;
            String reason = unavailable(backend);
            assertThat(reason).contains("library=fake");
            assertThat(reason).contains(code == 28 ? "no nvidia device" : "code=" + code);
            assertThat(unavailable(backend)).isEqualTo(reason);
            assertThatThrownBy(() -> backend.sample(0))
                    .isInstanceOf(BackendException.class)
                    .hasMessage(reason);
            assertThat(nvml.inits).hasValue(1);
            assertThat(nvml.shutdowns).hasValue(0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 17, 18, 20, 999, 31337})
    void shouldBeAnErrorWhenTheDriverIsThereAndDoesNotWork(int code) {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            nvml.onInit = () -> code;
            String reason = broken(backend);
            assertThat(reason).contains("library=fake", "code=" + code);
            assertThat(broken(backend)).isEqualTo(reason);
            assertThatThrownBy(() -> backend.sample(0))
                    .isInstanceOf(BackendException.class)
                    .hasMessage(reason);
            assertThat(nvml.inits).hasValue(1);
            assertThat(nvml.shutdowns).hasValue(0);
        }
    }

    @Test
    void shouldGiveNvmlsTextWhenACodeIsNotKnown() {
        try (FakeNvml nvml = new FakeNvml()) {
            assertThat(NvmlCode.describe(nvml.calls(), 4711)).isEqualTo("code=4711 (text of the fake)");
            assertThat(NvmlCode.describe(nvml.without("nvmlErrorString").calls(), 4711))
                    .isEqualTo("code=4711 (unknown)");
        }
    }

    @Test
    void shouldTryAgainWithANewBackendWhenInitialisingFailed() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            SharedSessions sessions = nvml.sessions();
            nvml.onInit = NvmlAbi::NVML_ERROR_DRIVER_NOT_LOADED;
            try (NvmlBackend early = new NvmlBackend(sessions, () -> "fake")) {
                assertThat(unavailable(early)).contains("driver is not loaded");
            }
            nvml.onInit = NvmlAbi::NVML_SUCCESS;
            try (NvmlBackend late = new NvmlBackend(sessions, () -> "fake")) {
                assertThat(late.devices()).hasSize(1);
            }
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @Test
    void shouldNotRepeatASlowFailureAtEveryCall() {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may overflow
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            SharedSessions sessions = new SharedSessions(library -> nvml.calls(), now::get);
            nvml.onInit = () -> {
                now.addAndGet(3_000_000_000L);
                return NvmlAbi.NVML_ERROR_LIB_RM_VERSION_MISMATCH();
            };
            for (int i = 0; i < 3; i++) {
                try (NvmlBackend backend = new NvmlBackend(sessions, () -> "fake")) {
                    assertThat(broken(backend)).contains("different versions");
                }
            }
            now.addAndGet(26_999_999_999L);
            try (NvmlBackend backend = new NvmlBackend(sessions, () -> "fake")) {
                assertThat(broken(backend)).contains("different versions");
            }
            assertThat(nvml.inits).hasValue(1);
            now.incrementAndGet();
            nvml.onInit = NvmlAbi::NVML_SUCCESS;
            try (NvmlBackend backend = new NvmlBackend(sessions, () -> "fake")) {
                assertThat(backend.devices()).hasSize(1);
            }
            assertThat(nvml.inits).hasValue(2);
        }
    }

    @Test
    void shouldInitialiseAnewOnceWhenTheDriverWasReloaded() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            List<Device> before = backend.devices();
            nvml.reload();
            assertThat(backend.sample(1).temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(2);
            nvml.reload();
            assertThat(backend.devices()).extracting(Device::uuid).containsExactlyElementsOf(uuids(before));
            assertThat(nvml.inits).hasValue(3);
            nvml.reload();
            assertThat(backend.closeness(0, 1)).isPresent();
            assertThat(nvml.inits).hasValue(4);
        }
    }

    private static List<String> uuids(List<Device> devices) {
        return devices.stream().map(Device::uuid).toList();
    }

    @Test
    void shouldInitialiseAnewOnceWhenManyThreadsFindTheDriverReloaded() throws Exception {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend();
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            assertThat(backend.devices()).hasSize(1);
            nvml.reload();
            // All eight are inside a call that finds the session lost before any of them can initialise anew.
            CountDownLatch allInside = new CountDownLatch(8);
            nvml.onCall = () -> {
                allInside.countDown();
                await(allInside);
            };
            List<Future<DeviceSample>> samples = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                samples.add(threads.submit(() -> backend.sample(0)));
            }
            for (Future<DeviceSample> sample : samples) {
                assertThat(sample.get().temperature()).hasValue(55);
            }
            assertThat(nvml.inits).hasValue(2);
        }
    }

    @Test
    void shouldBalanceInitialisationsAndShutdowns() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            NvmlBackend backend = nvml.backend();
            assertThat(backend.devices()).hasSize(1);
            for (int i = 0; i < 3; i++) {
                nvml.reload();
                assertThat(backend.sample(0).temperature()).hasValue(55);
            }
            backend.close();
            backend.close();
            assertThat(nvml.inits).hasValue(4);
            assertThat(nvml.shutdowns).hasValue(4);
        }
    }

    @Test
    void shouldFailWhileTheDriverIsGoneAndWorkAgainWhenItIsBack() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            NvmlBackend backend = nvml.backend();
            assertThat(backend.devices()).hasSize(1);
            nvml.reload();
            nvml.onInit = NvmlAbi::NVML_ERROR_DRIVER_NOT_LOADED;
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> backend.sample(0))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("driver is not loaded");
            }
            assertThat(nvml.inits).hasValue(3);
            nvml.onInit = NvmlAbi::NVML_SUCCESS;
            assertThat(backend.sample(0).temperature()).hasValue(55);
            backend.close();
            assertThat(nvml.shutdowns).hasValue(2);
        }
    }

    @Test
    void shouldGiveUpWhenTheSessionIsLostAgainAtOnce() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            nvml.codeOfAll = NvmlAbi.NVML_ERROR_UNINITIALIZED();
            assertThatThrownBy(() -> backend.sample(0))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("lost, and again");
            assertThat(nvml.inits).hasValue(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9, 18})
    void shouldInitialiseAnewWhateverTheCodeThatSaysThatTheSessionIsLost(int code) {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            nvml.codeOfAll = code;
            nvml.onInit = () -> nvml.codeOfAll = 0;
            assertThat(backend.sample(0).temperature()).hasValue(55);
            nvml.codeOfAll = code;
            assertThat(backend.devices()).hasSize(1);
            assertThat(nvml.inits).hasValue(3);
        }
    }

    @Test
    void shouldInitialiseAnewWhenTheSessionIsLostWhileDevicesAreListed() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.availability()).isInstanceOf(Availability.Available.class);
            gpu.failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_UNINITIALIZED());
            nvml.onInit = () -> {
                gpu.codes.clear();
                return 0;
            };
            assertThat(backend.devices()).hasSize(1);
            assertThat(backend.faults()).isEmpty();
            assertThat(nvml.inits).hasValue(2);
        }
    }

    @Test
    void shouldNotInitialiseAnewWhenItIsClosed() throws Exception {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            NvmlSession session = NvmlSession.open("fake", nvml.calls());
            session.close();
            // As a question of another thread that had found the backend open.
            assertThatThrownBy(() -> session.ask((calls, epoch) -> epoch))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("closed");
            session.close();
            assertThat(nvml.inits).hasValue(1);
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @Test
    void shouldSayThatADeviceIsLostWhenTheReloadedDriverHasAnotherInItsPlace() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            String before = gpu.uuid;
            gpu.uuid = "GPU-another";
            nvml.reload();
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> backend.sample(0))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("lost")
                        .hasMessageContaining(before);
            }
            assertThat(backend.devices()).extracting(Device::uuid).containsExactly("GPU-another");
            assertThat(backend.devices()).extracting(Device::index).containsExactly(1);
            // CUDA knows one device, and would not find a second by our index.
            assertThat(backend.devices().getFirst().visibleName()).contains("GPU-another");
            assertThat(backend.sample(1).temperature()).hasValue(55);
        }
    }

    @Test
    void shouldRefuseEverythingWhenClosed() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            NvmlBackend backend = nvml.backend();
            assertThat(backend.devices()).hasSize(1);
            backend.close();
            assertThat(unavailable(backend)).contains("closed");
            assertThatThrownBy(backend::devices)
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("closed");
            assertThatThrownBy(backend::faults).isInstanceOf(BackendException.class);
            assertThatThrownBy(() -> backend.sample(0)).isInstanceOf(BackendException.class);
            assertThatThrownBy(() -> backend.closeness(0, 0)).isInstanceOf(BackendException.class);
            assertThat(nvml.inits).hasValue(1);
        }
    }

    @Test
    void shouldFinishWhatRunsBeforeItShutsDown() throws Exception {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            NvmlBackend backend = nvml.backend();
            assertThat(backend.devices()).hasSize(1);
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            AtomicInteger shutdownsSeen = new AtomicInteger(-1);
            nvml.onListing = () -> {
                inside.countDown();
                await(goOn);
                shutdownsSeen.compareAndSet(-1, nvml.shutdowns.get());
            };
            Future<DeviceSample> sample = threads.submit(() -> backend.sample(0));
            inside.await();
            Thread closer = Thread.ofPlatform().start(backend::close);
            while (closer.getState() != Thread.State.WAITING) {
                LockSupport.parkNanos(100_000);
            }
            goOn.countDown();
            assertThat(sample.get().temperature()).hasValue(55);
            closer.join();
            assertThat(shutdownsSeen).hasValue(0);
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @Test
    void shouldLeaveNoThreadBehind() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            List<String> before = threadNames();
            try (NvmlBackend backend = nvml.backend()) {
                assertThat(backend.devices()).hasSize(1);
                assertThat(backend.sample(0).temperature()).hasValue(55);
                nvml.reload();
                assertThat(backend.sample(0).temperature()).hasValue(55);
                assertThat(threadNames()).containsExactlyInAnyOrderElementsOf(before);
            }
        }
    }

    /** Threads of ours only: the JVM starts and ends threads of its own as it likes. */
    private static List<String> threadNames() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.isDaemon())
                .map(Thread::getName)
                .toList();
    }
}
