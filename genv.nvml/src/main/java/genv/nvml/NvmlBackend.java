// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.BackendException;
import genv.api.spi.Availability;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import genv.nvml.Inventory.Entry;
import genv.nvml.binding.NvmlAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * NVIDIA's devices, through NVML, the library that comes with their driver.
 *
 * <p>Found by {@link java.util.ServiceLoader}; not API. The library is {@value LibraryLoader#DEFAULT_LIBRARY}, or what
 * the system property {@value LibraryLoader#PROPERTY} names. It is opened and initialised by the first call of
 * {@link #availability()}, or of a method that needs it, which may take seconds; backends of one process share that.
 * {@link #close()} lets go of it.
 *
 * <p>{@link #devices()} looks for the devices each time it is called, and numbers them as {@link InventoryReader} says.
 * Thread-safe.
 */
public final class NvmlBackend implements DeviceBackend {
    /** The identifier of this backend. */
    public static final String ID = "nvml";

    private sealed interface State {
        record NotAsked() implements State {}

        record Open(NvmlSession session) implements State {}

        record NotHere(String reason) implements State {}

        record Broken(String reason) implements State {}

        record Closed() implements State {}
    }

    private final SharedSessions sessions;
    private final Supplier<String> library;

    /** Written under the lock of this. */
    private volatile State state = new State.NotAsked();

    private final KnownDevices devices = new KnownDevices();

    /** Creates the backend; nothing is opened or looked at. */
    public NvmlBackend() {
        this(SharedSessions.OF_THIS_PROCESS, LibraryLoader::configured);
    }

    NvmlBackend(SharedSessions sessions, Supplier<String> library) {
        this.sessions = sessions;
        this.library = library;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public Availability availability() {
        return switch (opened()) {
            case State.NotHere(String reason) -> new Availability.Unavailable(reason);
            case State.Broken(String reason) -> throw new BackendException(reason);
            case State.Closed() -> new Availability.Unavailable(closedReason());
            case State.NotAsked(), State.Open(var _) -> new Availability.Available();
        };
    }

    private State opened() {
        State known = state;
        if (!(known instanceof State.NotAsked)) {
            return known;
        }
        synchronized (this) {
            if (state instanceof State.NotAsked) {
                state = open();
            }
            return state;
        }
    }

    private State open() {
        NvmlSession session;
        try {
            session = sessions.acquire(library.get());
        } catch (NotUsableException e) {
            return e.broken ? new State.Broken(e.reason()) : new State.NotHere(e.reason());
        }
        State opened = new State.Broken("the nvidia devices could not be counted: library=" + session.library());
        try {
            opened = session.ask((nvml, epoch) -> counted(nvml, session));
        } catch (BackendException e) {
            opened = new State.Broken(String.valueOf(e.getMessage()));
        } finally {
            if (!(opened instanceof State.Open)) {
                sessions.release(session);
            }
        }
        return opened;
    }

    private static State counted(NvmlCalls nvml, NvmlSession session) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            int code = nvml.count(out);
            boolean none = code == NvmlAbi.NVML_ERROR_GPU_NOT_FOUND();
            if (!none && !NvmlCode.deliveredByLibrary(code)) {
                return new State.Broken("nvml does not tell the number of devices: library=" + session.library() + ", "
                        + NvmlCode.describe(nvml, code) + "; see whether nvidia-smi works");
            }
            return none || out.get(ValueLayout.JAVA_INT, 0) == 0
                    ? new State.NotHere(InitFailure.noDevice(session.library()))
                    : new State.Open(session);
        }
    }

    private NvmlSession session() {
        return switch (opened()) {
            case State.Open(NvmlSession session) -> session;
            case State.NotHere(String reason) -> throw new BackendException(reason);
            case State.Broken(String reason) -> throw new BackendException(reason);
            case State.NotAsked(), State.Closed() -> throw new BackendException(closedReason());
        };
    }

    private static String closedReason() {
        return "the device backend is closed: id=" + ID + "; open the host anew";
    }

    @Override
    public List<Device> devices() {
        return session().ask(devices::list);
    }

    @Override
    public List<DeviceFault> faults() {
        return session().ask(devices::faults);
    }

    @Override
    public DeviceSample sample(int index) {
        AtomicBoolean askedBefore = new AtomicBoolean();
        return session().ask((nvml, epoch) -> {
            Entry entry = devices.entry(nvml, epoch, index);
            try {
                DeviceSample sample = SampleReader.read(nvml, entry.handle());
                devices.markFound(index);
                return sample;
            } catch (DeviceLostException e) {
                // A code that says nothing may also mean that the driver was reloaded. That is tried once a device, and
                // not while another one answers: its users would wait, and lose it if nvml cannot be initialised.
                if (e.code == NvmlAbi.NVML_ERROR_UNKNOWN()
                        && !devices.isLost(index)
                        && !devices.anyOtherAnswers(nvml, entry)
                        && askedBefore.compareAndSet(false, true)) {
                    throw new SessionLostException(e.code);
                }
                String reason = NvmlCode.deviceReason(nvml, e.code);
                devices.markLost(entry, reason);
                throw new BackendException(
                        "device cannot be used: index=" + index + ", uuid="
                                + entry.device().uuid() + ", " + reason,
                        e);
            }
        });
    }

    @Override
    public Optional<Closeness> closeness(int first, int second) {
        return session().ask((nvml, epoch) -> {
            Entry one = devices.entry(nvml, epoch, first);
            Entry other = devices.entry(nvml, epoch, second);
            try {
                return ClosenessReader.read(nvml, one, other);
            } catch (DeviceLostException e) {
                return Optional.empty();
            }
        });
    }

    /** Lets go of NVML; what runs meanwhile is finished first. A second call does nothing. */
    @Override
    public void close() {
        State before;
        synchronized (this) {
            before = state;
            state = new State.Closed();
        }
        if (before instanceof State.Open(NvmlSession session)) {
            sessions.release(session);
        }
    }
}
