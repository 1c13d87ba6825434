// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.AlreadyActiveException;
import genv.api.BackendException;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.PlacementPolicy;
import genv.api.Snapshot;
import genv.api.spi.Device;
import genv.core.backend.BackendSelector;
import genv.core.backend.DeviceSurvey;
import genv.core.backend.HostDevices;
import genv.core.events.FlightEvents;
import genv.core.events.RequestSpan;
import genv.core.home.ConfigDirectory;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.os.Processes;
import genv.core.rules.Candidates;
import genv.core.rules.EnvRules;
import genv.core.rules.Lives;
import genv.core.rules.PolicyCall;
import genv.core.store.ContainerEnv;
import genv.core.store.Store;
import genv.core.store.Stores;
import genv.core.variables.MemoryVariables;
import genv.core.variables.NativeVariables;
import genv.core.variables.VariableNames;
import genv.core.variables.VariableStore;
import genv.core.waiting.WaitLimit;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A host: what {@link GenvHost} says, on the {@link Store} of its directory. */
public final class CoreHost implements GenvHost {
    private static final String DEFAULT_DIRECTORY = "/var/tmp/genv";

    private final Path directory;
    private final GenvOptions.Sharing sharing;
    private final PlacementPolicy placement;
    private final Optional<String> inheritedEid;
    private final Optional<ContainerEnv> container;
    private final BackendSelector backends;
    private final HostInventory inventory;
    private final ConfigDirectory configDirectory;
    private final LockRegistry locks = new LockRegistry();
    private final LeaseWatch leases;
    private final Grants grants;
    private final ProcessScope process;
    private final ScopedValue<EnvSession> taskScope = ScopedValue.newInstance();
    private final AtomicLong tasks = new AtomicLong();
    private final String pid = Long.toString(Processes.ownPid());
    private volatile @Nullable Store store;
    private volatile @Nullable MemberWatch members;
    private volatile boolean closed;

    /** A host whose state is opened when it is first needed. */
    public CoreHost(GenvOptions options) {
        VariableStore variables = options.processEnvironment() ? new NativeVariables() : new MemoryVariables();
        Optional<String> named = variables.get(VariableNames.GENV_TMPDIR);
        this.directory = directory(options.stateDirectory(), named.orElse("")).toAbsolutePath();
        this.sharing = options.sharing();
        this.placement = options.placement();
        this.container = ContainerVariables.read(variables);
        this.backends = BackendSelector.of(options, variables);
        this.configDirectory = ConfigDirectory.ofProcess(options.workingDirectory());
        this.inheritedEid = variables.get(VariableNames.GENV_ENVIRONMENT_ID).filter(eid -> !eid.isEmpty());
        // in an inherited environment the variable was set by genv itself and restricts nothing
        boolean inherited = inheritedEid.isPresent();
        Optional<String> preset = inherited ? Optional.empty() : variables.get(VariableNames.CUDA_VISIBLE_DEVICES);
        this.inventory = new HostInventory(
                new HostDevices(backends, RecordLayout.MAX_DEVICES),
                new DeviceSurvey(backends),
                name -> inherited || name.equals(VariableNames.CUDA_VISIBLE_DEVICES) ? preset : variables.get(name),
                directory,
                options.stateDirectory().isEmpty() && named.orElse("/").startsWith("/"));
        this.grants = new Grants(inventory, this::snapshot);
        this.process = new ProcessScope(this::store, inventory, variables, this::members, locks, this::leases);
        this.leases = new LeaseWatch(options.leaseNotice(), this::devicesLost);
    }

    private static Path directory(Optional<Path> chosen, String named) {
        if (chosen.isPresent()) {
            return chosen.get();
        }
        return named.isEmpty() ? Path.of(DEFAULT_DIRECTORY) : DirectoryName.path(named);
    }

    /** Opens the state now, so that what is wrong with its directory is said at once. */
    public void openState() {
        store();
    }

    private Store store() {
        PolicyCall.refuse();
        Store known = store;
        return known != null && !closed ? known : open();
    }

    private synchronized Store open() {
        if (closed) {
            throw new IllegalStateException("the host is closed: directory=" + directory + "; open another one");
        }
        Store known = store;
        if (known == null) {
            known = Stores.open(
                    directory, sharing, new Stores.Surroundings(inventory::describe, inheritedEid, container));
            members = new MemberWatch(known);
            store = known;
        }
        return known;
    }

    private MemberWatch members() {
        store();
        MemberWatch known = members;
        if (known == null) {
            throw new IllegalStateException("the state is open but its members are not watched");
        }
        return known;
    }

    private LeaseWatch leases() {
        return leases;
    }

    /** The environment that the calling code is in, or null. */
    private @Nullable EnvSession current() {
        PolicyCall.refuse();
        if (closed) {
            throw new IllegalStateException("the host is closed: directory=" + directory + "; open another one");
        }
        return taskScope.isBound() ? taskScope.get() : process.session();
    }

    private EnvSession required(String operation) {
        EnvSession session = current();
        if (session == null) {
            throw ProcessScope.notActive(operation);
        }
        return session;
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    @Override
    public boolean active() {
        return current() != null;
    }

    @Override
    public Optional<String> eid() {
        EnvSession session = current();
        return session == null ? Optional.empty() : session.optionalEid();
    }

    @Override
    public Activation activate(ActivationRequest request) {
        PolicyCall.refuse();
        Objects.requireNonNull(request, "request");
        if (taskScope.isBound()) {
            throw new AlreadyActiveException("an environment is active already in this scope: eid="
                    + taskScope.get().eid() + "; use Genv.call for one inside of it");
        }
        return process.activate(opened -> activate(opened, request, pid), request.leaseListener());
    }

    @Override
    public <R extends @Nullable Object, X extends Throwable> R call(
            ActivationRequest request, ScopedValue.CallableOp<? extends R, X> op) throws X {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(op, "op");
        Store opened = store();
        String defaultEid = request.eid().isPresent() ? pid : pid + "-" + tasks.incrementAndGet();
        EnvBlock block = activate(opened, request, defaultEid);
        EnvSession session = EnvSession.of(opened, block);
        locks.enter(session.key());
        try (TaskEnv env = new TaskEnv(session, locks, leases)) {
            leases.enter(session, block, request.leaseListener());
            return ScopedValue.where(taskScope, env.session()).call(op);
        }
    }

    /** The environment of a task, left when the task ends; what leaving throws is suppressed by what the task threw. */
    private record TaskEnv(EnvSession session, LockRegistry locks, LeaseWatch leases) implements AutoCloseable {
        @Override
        public void close() {
            leases.leave(session);
            locks.leave(session.key());
            session.store().leave(session.key(), session.store().caller().member());
        }
    }

    private EnvBlock activate(Store opened, ActivationRequest request, String defaultEid) {
        EnvConfig config = request.config();
        boolean needsDevices = config.gpus().orElse(0) > 0;
        PlacementPolicy policy = request.placement().orElse(placement);
        EnvRules.Activation asked = new EnvRules.Activation(
                request.eid(),
                defaultEid,
                config,
                request.isOverSubscribed(),
                request.lease().map(LeaseEnds::millis).orElse(0L));
        return grants.granted(
                limit -> opened.activate(asked, needsDevices ? inventory.candidates(policy) : Candidates.NONE, limit),
                request.waitLimit(),
                "activating an environment",
                FlightEvents.activation(
                        request.eid(),
                        defaultEid,
                        config.gpus().orElse(0),
                        request.isOverSubscribed(),
                        request.waitLimit()));
    }

    @Override
    public void configure(EnvConfig config) {
        Objects.requireNonNull(config, "config");
        EnvSession session = required("configure");
        session.store().configure(session.key(), config);
        variablesChanged(session);
    }

    @Override
    public EnvConfig configuration() {
        return required("configuration").view().config();
    }

    @Override
    public EnvConfig refreshConfiguration() {
        EnvSession session = required("refreshConfiguration");
        variablesChanged(session);
        return session.view().config();
    }

    @Override
    public EnvConfig loadConfiguration() {
        required("loadConfiguration");
        if (configDirectory.home().isEmpty()) {
            throw new GenvException(
                    "there is no .genv directory to load from: looked in the working directory and in the"
                            + " home directory; call saveConfiguration, or create one");
        }
        EnvConfig loaded = configDirectory.load();
        configure(loaded);
        return loaded;
    }

    @Override
    public void saveConfiguration() {
        configDirectory.save(required("saveConfiguration").view().config());
    }

    @Override
    public Optional<Path> home() {
        PolicyCall.refuse();
        return configDirectory.home();
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    @Override
    public List<Integer> attach(DeviceRequest request) {
        Objects.requireNonNull(request, "request");
        EnvSession session = required("attach");
        EnvRules.Key key = session.key();
        Store opened = session.store();
        EnvBlock block;
        if (request.index().isPresent()) {
            int index = known(request.index().getAsInt());
            block = grants.granted(
                    limit -> opened.attachIndex(key, index, request.isOverSubscribed(), inventory.candidates(), limit),
                    request.waitLimit(),
                    "attaching a device",
                    FlightEvents.attachIndex(key.eid(), index, request.isOverSubscribed(), request.waitLimit()));
        } else {
            int count = request.gpus().orElse(-1);
            PlacementPolicy policy = request.placement().orElse(placement);
            block = grants.granted(
                    limit -> opened.attach(key, count, request.isOverSubscribed(), inventory.candidates(policy), limit),
                    request.waitLimit(),
                    "attaching devices",
                    FlightEvents.attach(key.eid(), count, request.isOverSubscribed(), request.waitLimit()));
        }
        leases.changed(session, block);
        variablesChanged(session);
        return block.devices().toList();
    }

    @Override
    public List<Integer> attached() {
        EnvSession session = current();
        return session == null ? List.of() : session.view().devices();
    }

    @Override
    public List<Integer> detach() {
        return detach(required("detach"), new DeviceSet(-1, -1));
    }

    @Override
    public List<Integer> detach(int index) {
        EnvSession session = required("detach");
        boolean isAttached = index >= 0
                && index < RecordLayout.MAX_DEVICES
                && session.devices().contains(index);
        // also where there is nothing to detach: that it has ended, or is another user's, is to be said
        return detach(session, DeviceSet.of(isAttached ? index : known(index)));
    }

    private List<Integer> detach(EnvSession session, DeviceSet devices) {
        RequestSpan span = FlightEvents.detach(session.eid());
        EnvBlock block = span == null
                ? session.store().detach(session.key(), devices)
                : span.record(() -> {
                    EnvBlock rest = session.store().detach(session.key(), devices);
                    span.granted(rest.eid(), rest.devices());
                    return rest;
                });
        leases.changed(session, block);
        variablesChanged(session);
        return block.devices().toList();
    }

    @Override
    public List<Integer> refreshAttached() {
        EnvSession session = required("refreshAttached");
        variablesChanged(session);
        return session.view().devices();
    }

    /** An index that the host has and this process may use. */
    private int known(int index) {
        if (inventory.visible().find(index).isEmpty()) {
            inventory.refresh(); // it may have come since
        }
        try {
            return inventory.visible().device(index).index();
        } catch (BackendException failure) {
            throw failure;
        } catch (GenvException unknown) {
            throw new IllegalArgumentException(unknown.getMessage(), unknown);
        }
    }

    /** Makes the variables and the locks of this process follow the end of a lease. */
    private void devicesLost(EnvSession session) {
        try {
            variablesChanged(session);
        } finally {
            locks.devicesLost(session.key());
        }
    }

    private void variablesChanged(EnvSession session) {
        if (session == process.session()) {
            process.refreshVariables();
        }
    }

    // ---- leases ----------------------------------------------------------------------------------------------------

    @Override
    public Optional<Instant> leaseEnd() {
        EnvSession session = current();
        return session == null ? Optional.empty() : session.leaseEnd();
    }

    @Override
    public Instant renewLease(Duration duration) {
        return leases.renew(required("renewLease"), duration);
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    @Override
    public DeviceLock lock(LockMode mode) {
        try {
            return lock(mode, WaitLimit.UNLIMITED).orElseThrow();
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
        }
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode) {
        try {
            return lock(mode, WaitLimit.NONE);
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("a wait of no length was interrupted", impossible);
        }
    }

    @Override
    public Optional<DeviceLock> tryLock(LockMode mode, Duration limit) throws InterruptedException {
        if (limit.isNegative()) {
            throw new IllegalArgumentException("negative time limit: limit=" + limit + "; use zero not to wait");
        }
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before locking devices");
        }
        return lock(mode, WaitLimit.of(limit));
    }

    private Optional<DeviceLock> lock(LockMode mode, WaitLimit limit) throws InterruptedException {
        Objects.requireNonNull(mode, "mode");
        EnvSession session = current();
        if (session == null) {
            return Optional.of(LockOnNothing.INSTANCE);
        }
        RequestSpan span = FlightEvents.lockWait(session.eid(), mode, limit.nanos());
        return span == null
                ? lock(session, mode, limit)
                : span.record(() -> recorded(span, session.eid(), lock(session, mode, limit)));
    }

    private Optional<DeviceLock> lock(EnvSession session, LockMode mode, WaitLimit limit) throws InterruptedException {
        WaitLimit.Deadline deadline = limit.start();
        EnvRules.Key key;
        try {
            key = session.find(limit, deadline);
        } catch (TimeoutException stateBusy) {
            return Optional.empty();
        }
        return key == null
                ? Optional.of(LockOnNothing.INSTANCE)
                : locks.of(session.store(), key, session.isInherited()).lock(mode, limit, deadline);
    }

    private static Optional<DeviceLock> recorded(RequestSpan span, String eid, Optional<DeviceLock> lock) {
        lock.ifPresentOrElse(held -> span.granted(eid, setOf(held.devices())), span::busy);
        return lock;
    }

    private static DeviceSet setOf(List<Integer> devices) {
        return devices.stream().map(DeviceSet::of).reduce(DeviceSet.EMPTY, DeviceSet::union);
    }

    // ---- the host --------------------------------------------------------------------------------------------------

    @Override
    public Snapshot snapshot() {
        Store opened = store();
        Lives lives = opened.livesCached();
        List<Device> devices = inventory.describe();
        StateContents contents = opened.read(StateContents::of);
        List<Holder> foreign = opened.foreignHolders(contents.envs(), contents.holders());
        return SnapshotBuilder.build(contents.with(foreign), lives, devices, opened.format());
    }

    @Override
    public String snapshotJson() {
        Instant taken = Instant.now(); // what it shows is not older
        return SnapshotJson.of(snapshot(), taken);
    }

    @Override
    public void close() {
        PolicyCall.refuse();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        MemberWatch watch = members;
        if (watch != null) {
            watch.close();
        }
        leases.close();
        try (backends) {
            try {
                process.close();
            } finally {
                Store known = store;
                if (known != null) {
                    known.close();
                }
            }
        }
    }

    @Override
    public String toString() {
        return "GenvHost[" + directory + "]";
    }
}
