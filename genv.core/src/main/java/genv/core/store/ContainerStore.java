// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.api.StateFormat;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.file.PlainDirectory;
import genv.core.json.DeviceFlocks;
import genv.core.json.JsonDraft;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.os.ProcessStat;
import genv.core.rules.Caller;
import genv.core.rules.Candidates;
import genv.core.rules.EnvRules;
import genv.core.rules.Lives;
import genv.core.rules.Outcome;
import genv.core.waiting.WaitLimit;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a container sees of a host with Genv: the lock files of the devices that it was given, and the environment that its
 * variables name. Who has what was decided on the host, so only reading and locking are possible here.
 */
final class ContainerStore implements Store {
    private final Path path;
    private final Optional<PlainDirectory> directory;
    private final Optional<DeviceFlocks> flocks;
    private final ContainerEnv env;
    private final Caller caller;
    private final Lives lives;
    private final HeldLocks held = new HeldLocks();

    /** {@code directory}: empty where the container was given none, and so no device. */
    private ContainerStore(Path path, Optional<PlainDirectory> directory, ContainerEnv env) {
        this.path = path;
        this.directory = directory;
        this.flocks = directory.map(DeviceFlocks::new);
        this.env = env;
        long pid = ProcessHandle.current().pid();
        this.caller = new Caller(pid, pid, ProcessStat.namespace(), Owners.current());
        // pids of the host mean nothing here
        this.lives = new Lives(pid, token -> true, member -> true);
    }

    static ContainerStore open(Path path, ContainerEnv env) {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return new ContainerStore(path, Optional.empty(), env);
        }
        PlainDirectory directory = PlainDirectory.openToLook(path);
        boolean done = false;
        try {
            ContainerStore store = new ContainerStore(path, Optional.of(directory), env);
            done = true;
            return store;
        } finally {
            if (!done) {
                directory.close();
            }
        }
    }

    @Override
    public Caller caller() {
        return caller;
    }

    @Override
    public StateFormat format() {
        return StateFormat.JSON;
    }

    /** The devices themselves: nothing else can change. */
    @Override
    public long rootAcquire() {
        DeviceSet devices = devices();
        return (devices.low() * 31 + devices.high()) & Long.MAX_VALUE;
    }

    @Override
    public synchronized <T extends @Nullable Object> T read(Edit<T> edit) {
        return edit.apply(draft());
    }

    private Draft draft() {
        DeviceSet devices = devices();
        Optional<EnvBlock> block = env.eid()
                .map(eid -> EnvBlock.create(1, eid, caller.user(), 0, env.config(), caller.member())
                        .withDevices(devices, false, 0));
        return JsonDraft.of(block, rootAcquire(), held.holders());
    }

    private DeviceSet devices() {
        DeviceSet devices = DeviceSet.EMPTY;
        for (int index : flocks.map(DeviceFlocks::present).orElse(List.of())) {
            if (index < DeviceSet.CAPACITY) {
                devices = devices.with(index);
            }
        }
        return devices;
    }

    @Override
    public Lives livesCached() {
        return lives;
    }

    // ---- what only the host can do ---------------------------------------------------------------------------------

    @Override
    public Outcome<EnvBlock> activate(EnvRules.Activation asked, Candidates candidates, WaitLimit limit) {
        throw refused("activating an environment");
    }

    @Override
    public boolean leave(EnvRules.Key key, Member member) {
        return true;
    }

    @Override
    public EnvBlock configure(EnvRules.Key key, EnvConfig config) {
        throw refused("configuring");
    }

    @Override
    public void adopt(EnvRules.Key key, Member member) {
        throw refused("adding a process");
    }

    @Override
    public Outcome<EnvBlock> attach(
            EnvRules.Key key, int count, boolean overSubscribed, Candidates candidates, WaitLimit limit) {
        throw refused("attaching devices");
    }

    @Override
    public Outcome<EnvBlock> attachIndex(
            EnvRules.Key key, int index, boolean overSubscribed, Candidates candidates, WaitLimit limit) {
        throw refused("attaching a device");
    }

    @Override
    public EnvBlock detach(EnvRules.Key key, DeviceSet devices) {
        throw refused("detaching devices");
    }

    @Override
    public EnvBlock renew(EnvRules.Key key, long millis) {
        throw refused("renewing a lease");
    }

    @Override
    public @Nullable EnvBlock expire(EnvRules.Key key) {
        return read(draft -> draft.find(key.hash(), key.id()));
    }

    private GenvException refused(String what) {
        return new GenvException(what + " is not possible in a container: path=" + path
                + " GENV_CONTAINER=set; the environment belongs to the host: do it there");
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    @Override
    public Outcome<Holder> lock(EnvRules.Key key, LockMode mode, WaitLimit limit) throws InterruptedException {
        if (flocks.isEmpty()) {
            Holder nothing = new Holder(
                    0, key.id(), key.hash(), caller.token(), caller.pid(), mode, EnvBlock.WHOLE, 0, DeviceSet.EMPTY);
            return new Outcome.Granted<>(nothing);
        }
        return new FlockedDevices(flocks.get(), caller, path)
                .lock(key, mode, limit, () -> read(draft -> draft.find(key.hash(), key.id())), this::keep);
    }

    private synchronized Holder keep(Holder holder, DeviceFlocks.Held locks) {
        return held.add(holder, locks);
    }

    /** The container does not get other devices while it runs. */
    @Override
    public boolean extend(Holder holder, DeviceSet added) {
        return false;
    }

    @Override
    public synchronized void unlock(Holder holder) {
        held.release(holder.id());
    }

    @Override
    public List<Holder> foreignHolders(List<EnvBlock> envs, List<Holder> shown) {
        return List.of();
    }

    @Override
    public int reap() {
        return 0;
    }

    @Override
    public synchronized void close() {
        held.close();
        flocks.ifPresent(DeviceFlocks::close);
        directory.ifPresent(PlainDirectory::close);
    }
}
