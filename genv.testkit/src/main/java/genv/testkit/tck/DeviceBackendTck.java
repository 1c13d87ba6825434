// SPDX-License-Identifier: Apache-2.0
package genv.testkit.tck;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import genv.api.BackendException;
import genv.api.spi.Availability;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/**
 * The tests that every {@link DeviceBackend} must pass; a backend's author extends this class.
 *
 * <pre>{@code
 * class MyBackendTckTest extends DeviceBackendTck {
 *     @Override
 *     protected DeviceBackend backend() {
 *         return new MyBackend();
 *     }
 * }
 * }</pre>
 *
 * <p>Where the backend is not usable on the machine, the tests that need devices are skipped; on a machine that has
 * them {@link #mustBeAvailable()} makes that a failure. The two other hooks give the tests devices that fail and a
 * backend that is not usable; what they test is skipped without them. Devices must not be replaced by others while
 * the tests run; their load may change.
 */
public abstract class DeviceBackendTck {
    private static final Pattern ID = Pattern.compile("[a-z0-9-]+");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Duration THREAD_END = Duration.ofSeconds(5);

    private @Nullable DeviceBackend tested;

    /** For subclasses. */
    protected DeviceBackendTck() {}

    /** {@return the backend to be tested; called once before each test, which closes it} */
    protected abstract DeviceBackend backend();

    /** {@return whether the tests fail, instead of being skipped, where the backend is not usable} */
    protected boolean mustBeAvailable() {
        return false;
    }

    /**
     * Makes one device of the backend fail.
     *
     * @param backend what {@link #backend} gave
     * @return its index, or empty where that cannot be done
     */
    protected OptionalInt loseDevice(DeviceBackend backend) {
        return OptionalInt.empty();
    }

    /** {@return a backend that is not usable here, which the test closes; empty where there is none} */
    protected Optional<DeviceBackend> unavailableBackend() {
        return Optional.empty();
    }

    /** Called by JUnit. */
    @BeforeEach
    public final void openBackend() {
        tested = backend();
    }

    /** Called by JUnit. */
    @AfterEach
    public final void closeBackend() {
        DeviceBackend backend = tested;
        if (backend != null) {
            backend.close();
        }
    }

    /** The id is what users write in options and properties. */
    @Test
    public void shouldHaveIdOfLowerCaseLettersDigitsAndHyphens() {
        String id = tested().id();
        assertTrue(ID.matcher(id).matches(), () -> "bad id: id=" + id + ", wanted=" + ID);
        assertEquals(id, tested().id(), "id changed between two calls");
    }

    /** What is said about a backend before it is used must be there without devices. */
    @Test
    public void shouldNameValidVisibilityVariable() {
        String variable = tested().visibilityVariable();
        assertTrue(
                VARIABLE.matcher(variable).matches(),
                () -> "bad visibility variable: name=" + variable + ", wanted=" + VARIABLE);
        assertEquals(variable, tested().visibilityVariable(), "visibility variable changed between two calls");
        assertEquals(tested().onRequestOnly(), tested().onRequestOnly(), "onRequestOnly changed between two calls");
    }

    /** A host asks for availability whenever devices are needed and no backend was chosen yet. */
    @Test
    public void shouldGiveSameAvailabilityWhenAskedAgain() {
        Availability first = tested().availability();
        for (int i = 0; i < 1_000; i++) {
            assertEquals(first, tested().availability(), "availability changed between two calls");
        }
        switch (first) {
            case Availability.Available() -> {}
            case Availability.Unavailable(String reason) -> {
                requireReason(reason);
                assertFalse(mustBeAvailable(), () -> "backend is not usable here: reason=" + reason);
            }
        }
    }

    /** Devices are in PCI order, which makes their indices the same in every process. */
    @Test
    public void shouldListDevicesInAscendingOrder() {
        int last = -1;
        for (Device device : available().devices()) {
            int before = last;
            assertTrue(
                    device.index() > before,
                    () -> "devices are not in ascending order: index=" + device.index() + ", before=" + before);
            last = device.index();
        }
    }

    /** The driver's own order may be another one; instances of one part have one address. */
    @Test
    public void shouldNumberDevicesInPciOrder() {
        String before = "";
        for (Device device : available().devices()) {
            String address = device.pciBusId().map(DeviceBackendTck::comparable).orElse(before);
            String last = before;
            assertTrue(
                    address.compareTo(last) >= 0,
                    () -> "devices are not in pci order: index=" + device.index() + ", address=" + device.pciBusId()
                            + ", before=" + last);
            before = address;
        }
    }

    /** A gap stands for a lost device, and nothing else. */
    @Test
    public void shouldNumberDevicesWithoutGapWhenNoneIsLost() {
        List<Device> devices = available().devices();
        int lost = available().faults().size();
        int last = devices.isEmpty() ? -1 : devices.getLast().index();
        int gaps = last + 1 - devices.size();
        assertTrue(
                gaps <= lost,
                () -> "indices have gaps that no fault explains: gaps=" + gaps + ", faults=" + lost + ", indices="
                        + indices(devices));
    }

    /** The UUID is by what a device is recognised after a reboot and in a container. */
    @Test
    public void shouldGiveEachDeviceItsOwnUuid() {
        Set<String> seen = new HashSet<>();
        for (Device device : available().devices()) {
            assertFalse(device.uuid().isBlank(), () -> "empty uuid: index=" + device.index());
            assertTrue(seen.add(device.uuid()), () -> "uuid is there twice: uuid=" + device.uuid());
        }
    }

    /** What is not known of a device is absent; most other rules are kept by the types themselves. */
    @Test
    public void shouldDescribeDevicesByValuesOrByAbsence() {
        for (Device device : available().devices()) {
            String of = "index=" + device.index();
            device.totalMemory()
                    .ifPresent(memory -> assertTrue(
                            memory.bytes() > 0, () -> "total memory is zero: " + of + "; leave it absent if unknown"));
            assertFalse(
                    device.parentUuid().filter(device.uuid()::equals).isPresent(),
                    () -> "device is its own parent: " + of);
        }
    }

    /** The description of a device does not change while a process runs. */
    @Test
    public void shouldListSameDevicesWhenAskedAgain() {
        List<Device> first = available().devices();
        for (int i = 0; i < 10; i++) {
            assertEquals(first, available().devices(), "devices changed between two calls");
        }
    }

    /** A caller's change of the list must not reach another caller. */
    @Test
    public void shouldKeepItsDevicesWhenCallerChangesList() {
        List<Device> first = List.copyOf(available().devices());
        try {
            available().devices().clear();
        } catch (UnsupportedOperationException unmodifiable) {
            // the usual way to fulfil this
        }
        assertEquals(first, available().devices(), "devices changed with a list that was given away");
    }

    /** Each device that is listed can be sampled; values are in range or absent. */
    @Test
    public void shouldSampleEachDevice() {
        for (Device device : available().devices()) {
            requireSound(device, available().sample(device.index()));
        }
    }

    /** An index that is nobody's is refused, whatever it is. */
    @Test
    public void shouldRefuseToSampleUnknownIndex() {
        List<Device> devices = available().devices();
        int next = devices.isEmpty()
                ? 0
                : devices.getLast().index() + 1 + available().faults().size();
        for (int index : new int[] {-1, Integer.MIN_VALUE, next, Integer.MAX_VALUE}) {
            try {
                available().sample(index);
            } catch (BackendException refused) {
                requireReason(refused.getMessage());
                continue;
            }
            fail("sample of an unknown device: index=" + index + "; wanted is a BackendException");
        }
    }

    /** Closeness is a property of the pair. */
    @Test
    public void shouldGiveSameClosenessInBothDirections() {
        List<Device> devices = available().devices();
        for (Device first : devices) {
            for (Device second : devices) {
                if (first.index() < second.index()) {
                    Optional<Closeness> there = available().closeness(first.index(), second.index());
                    Optional<Closeness> back = available().closeness(second.index(), first.index());
                    assertEquals(
                            there,
                            back,
                            () -> "closeness is not symmetric: first=" + first.index() + ", second=" + second.index());
                }
            }
        }
    }

    /** A device is not far from itself, whatever the machine. */
    @Test
    public void shouldNotPutDeviceAwayFromItself() {
        for (Device device : available().devices()) {
            available()
                    .closeness(device.index(), device.index())
                    .ifPresent(closeness -> assertEquals(
                            Closeness.SAME_BOARD, closeness, () -> "device and itself: index=" + device.index()));
        }
    }

    /** Whether a driver can name the processes does not depend on whether there are any. */
    @Test
    public void shouldSayAlikeWhetherProcessesAreKnown() {
        for (Device device : available().devices()) {
            boolean known = available().sample(device.index()).processesKnown();
            for (int i = 0; i < 10; i++) {
                assertEquals(
                        known,
                        available().sample(device.index()).processesKnown(),
                        () -> "processes were known once and not another time: index=" + device.index());
            }
        }
    }

    /** Closeness of a device that there is not is either refused or unknown. */
    @Test
    public void shouldNotInventClosenessOfUnknownIndex() {
        for (int index : new int[] {-1, Integer.MAX_VALUE}) {
            Optional<Closeness> invented;
            try {
                invented = available().closeness(0, index);
            } catch (BackendException refused) {
                continue;
            }
            assertEquals(Optional.empty(), invented, () -> "closeness of unknown device: first=0, second=" + index);
        }
    }

    /** A fault says what and why. */
    @Test
    public void shouldNameDeviceAndReasonOfEachFault() {
        requireReasons(available().faults());
    }

    /** A backend is used by all threads of a process at once. */
    @Test
    public void shouldGiveSameAnswersWhenAskedByManyThreads() {
        DeviceBackend backend = available();
        // a backend of its own, so that the threads meet in its initialisation
        DeviceBackend fresh = backend();
        try {
            List<Device> wanted = backend.devices();
            List<Executable> answers = ManyThreads.run(8, () -> {
                for (int round = 0; round < 50; round++) {
                    assertEquals(backend.availability(), fresh.availability(), "availability differs between threads");
                    List<Device> devices = fresh.devices();
                    assertEquals(wanted, devices, "devices differ between threads");
                    for (Device device : devices) {
                        requireSound(device, fresh.sample(device.index()));
                        if (device.index() != devices.getFirst().index()) {
                            fresh.closeness(devices.getFirst().index(), device.index());
                        }
                    }
                    fresh.faults();
                }
            });
            assertAll("threads", answers);
        } finally {
            fresh.close();
        }
    }

    /** Closing twice is closing once. */
    @Test
    public void shouldIgnoreSecondClose() {
        tested().availability();
        tested().close();
        tested().close();
    }

    /** Closing is possible where nothing was ever initialised. */
    @Test
    public void shouldCloseWhenNeverUsed() {
        tested().close();
    }

    /**
     * A thread of a closed backend would run on in an application that has long forgotten it.
     *
     * @throws InterruptedException where the test is interrupted
     */
    @Test
    @ResourceLock(Resources.GLOBAL)
    public void shouldLeaveNoThreadWhenClosed() throws InterruptedException {
        available();
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        DeviceBackend backend = backend();
        backend.availability();
        backend.devices().forEach(device -> backend.sample(device.index()));
        backend.close();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!before.contains(thread) && !startedByJdk(thread)) {
                thread.join(THREAD_END);
                assertFalse(
                        thread.isAlive(),
                        () -> "thread of the backend is left: thread=" + thread.getName() + ", limit=" + THREAD_END);
            }
        }
    }

    /** A device that fails takes nothing with it but itself. */
    @Test
    public void shouldKeepOthersWhenDeviceIsLost() {
        DeviceBackend backend = available();
        List<Device> before = backend.devices();
        OptionalInt lost = loseDevice(backend);
        Assumptions.assumeTrue(lost.isPresent(), "no device can be made to fail: override loseDevice");
        int index = lost.getAsInt();
        assertTrue(indices(before).contains(index), () -> "device that was lost was not listed before: index=" + index);

        List<Device> wanted = before.stream().filter(d -> d.index() != index).toList();
        assertEquals(
                wanted,
                backend.devices(),
                () -> "devices after one was lost: index=" + index + ", wanted are the others, as they were");
        assertFalse(backend.faults().isEmpty(), () -> "lost device is not among the faults: index=" + index);
        requireReasons(backend.faults());
        for (Device device : wanted) {
            requireSound(device, backend.sample(device.index()));
        }
        try {
            backend.sample(index);
        } catch (BackendException saysSo) {
            requireReason(saysSo.getMessage());
            return;
        }
        fail("sample of a lost device: index=" + index + "; wanted is a BackendException");
    }

    /** A backend that is not usable says why. */
    @Test
    public void shouldGiveReasonWhenNotUsable() {
        Optional<DeviceBackend> given = unavailableBackend();
        Assumptions.assumeTrue(given.isPresent(), "no backend that is not usable: override unavailableBackend");
        try (DeviceBackend backend = given.get()) {
            Availability availability = backend.availability();
            if (!(availability instanceof Availability.Unavailable(String reason))) {
                throw new AssertionError("backend that should not be usable is: availability=" + availability);
            }
            requireReason(reason);
            assertEquals(availability, backend.availability(), "availability changed between two calls");
        }
    }

    private DeviceBackend tested() {
        DeviceBackend backend = tested;
        if (backend == null) {
            throw new IllegalStateException("no backend: the tests run only within JUnit");
        }
        return backend;
    }

    /** The backend where it is usable; otherwise the test is skipped or fails. */
    private DeviceBackend available() {
        DeviceBackend backend = tested();
        if (backend.availability() instanceof Availability.Unavailable(String reason)) {
            assertFalse(mustBeAvailable(), () -> "backend is not usable here: reason=" + reason);
            Assumptions.abort("backend is not usable here: reason=" + reason);
        }
        return backend;
    }

    private static void requireSound(Device device, DeviceSample sample) {
        String of = "index=" + device.index();
        assertNotNull(sample, () -> "sample is null: " + of);
        sample.temperature()
                .ifPresent(t -> assertTrue(
                        t > -100 && t < 300,
                        () -> "temperature out of range: " + of + ", celsius=" + t + "; leave it absent if unknown"));
        if (sample.memoryUsed().isPresent() && device.totalMemory().isPresent()) {
            long used = sample.memoryUsed().get().bytes();
            long total = device.totalMemory().get().bytes();
            assertTrue(
                    used <= total,
                    () -> "more memory is used than there is: " + of + ", used=" + used + ", total=" + total);
        }
    }

    /** The JDK starts threads of its own for whoever first needs them, and keeps them. */
    private static boolean startedByJdk(Thread thread) {
        ThreadGroup group = thread.getThreadGroup();
        return thread instanceof ForkJoinWorkerThread
                || group == null
                || group.getName().equals("system")
                || group.getName().equals("InnocuousThreadGroup");
    }

    private static void requireReasons(List<DeviceFault> faults) {
        for (DeviceFault fault : faults) {
            assertFalse(fault.device().isBlank(), () -> "fault without a device: fault=" + fault);
            requireReason(fault.reason());
        }
    }

    private static void requireReason(@Nullable String reason) {
        assertTrue(reason != null && !reason.isBlank(), "reason is empty");
    }

    /** Addresses with domains of four and of eight digits, in one form. */
    private static String comparable(String pciBusId) {
        String address = pciBusId.toUpperCase(Locale.ROOT);
        return "0".repeat(Math.max(0, 16 - address.length())) + address;
    }

    private static List<Integer> indices(List<Device> devices) {
        return devices.stream().map(Device::index).toList();
    }
}
