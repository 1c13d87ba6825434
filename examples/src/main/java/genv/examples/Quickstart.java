// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.BackendException;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.Genv;
import genv.api.Snapshot;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * The program of {@code ./quickstart}, which starts it twice at the same time, as {@code a} and as {@code b}.
 *
 * <p>Both are given a device, look at each other, then share one device and take turns on it, and leave. With
 * {@code probe} it only tells whether there are devices, with {@code check} whether anything is left of the two.
 */
public final class Quickstart {
    /** The exit status of a probe that found no devices. */
    private static final int NO_DEVICES = 3;

    private static final String PREFIX = "quickstart-";
    private static final String SHARED = ", over-subscribed";
    private static final int TURNS = 3;

    private final String own;
    private final String other;

    /** Whether this process has its device alone, for the other one to read. */
    private String note = "";

    private Quickstart(String role) {
        this.own = PREFIX + role;
        this.other = PREFIX + (role.equals("a") ? "b" : "a");
    }

    /** The one argument is {@code a}, {@code b}, {@code probe} or {@code check}. */
    public static void main(String[] args) throws InterruptedException {
        switch (args[0]) {
            case "a", "b" -> new Quickstart(args[0]).takePart();
            case "probe" -> probe();
            case "check" -> check();
            default -> throw new IllegalArgumentException("unknown role: " + args[0]);
        }
    }

    private void takePart() throws InterruptedException {
        try (Activation env = activate()) {
            say("has device " + env.devices() + ", CUDA_VISIBLE_DEVICES="
                    + env.variables().get("CUDA_VISIBLE_DEVICES"));
            Stage.JOINED.reach(other, note);
            int shared = lookAtBoth();
            Stage.SEEN.reach(other, note);
            say("shares device " + shared + ", has "
                    + Genv.attach(DeviceRequest.index(shared).overSubscribed()));
            Stage.SHARING.reach(other, note);
            for (int turn = 1; turn <= TURNS; turn++) {
                takeTurn(turn, shared);
            }
            Stage.DONE.reach(other, note);
        }
        require(!Genv.active(), "the environment is still active");
        say("has left");
    }

    private Activation activate() {
        try {
            return Genv.activate(request());
        } catch (DevicesUnavailableException e) {
            say("takes a device that others have: " + e.getMessage());
            note = SHARED;
            return Genv.activate(request().overSubscribed());
        }
    }

    private ActivationRequest request() {
        return ActivationRequest.of(Stage.JOINED.config(note)).eid(own);
    }

    /** Sees both environments; returns the device that they are going to share. */
    private int lookAtBoth() {
        Snapshot snapshot = Genv.snapshot();
        EnvInfo me = snapshot.env(own).orElseThrow();
        EnvInfo them = snapshot.env(other).orElseThrow();
        say("sees " + own + " with " + me.devices() + " and " + other + " with " + them.devices());
        boolean onPurpose = (me.config() + " " + them.config()).contains(SHARED);
        require(onPurpose || Collections.disjoint(me.devices(), them.devices()), "both were given the same device");
        return Stream.of(me.devices(), them.devices())
                .map(List::getFirst)
                .sorted()
                .findFirst()
                .orElseThrow();
    }

    private void takeTurn(int turn, int shared) throws InterruptedException {
        try (DeviceLock lock = Genv.lock()) {
            say("turn " + turn + " of " + TURNS + ": locks " + lock.devices());
            DeviceInfo device = Genv.snapshot().device(shared).orElseThrow();
            require(
                    device.lockHolders().stream()
                            .map(DeviceInfo.LockHolder::eid)
                            .toList()
                            .equals(List.of(own)),
                    "device " + shared + " is locked by " + device.lockHolders());
            Thread.sleep(50); // the work
        }
    }

    /** Tells whether a backend has devices, and which. */
    private static void probe() {
        try (Activation _ = Genv.activate(EnvConfig.builder().gpus(1).build())) {
            list();
        } catch (DevicesUnavailableException taken) {
            list();
        } catch (BackendException none) {
            System.out.println(none.getMessage());
            System.exit(NO_DEVICES);
        }
    }

    private static void list() {
        for (DeviceInfo device : Genv.snapshot().devices()) {
            System.out.println("device " + device.index() + ": " + device.name().orElse("?") + ", "
                    + device.totalMemory().map(size -> size + " of memory").orElse("memory unknown"));
        }
    }

    /** Fails if the two processes have left anything. */
    private static void check() {
        Snapshot snapshot = Genv.snapshot();
        List<String> left = Stream.concat(
                        snapshot.envs().stream().map(EnvInfo::eid),
                        snapshot.devices().stream()
                                .flatMap(device -> Stream.of(
                                                device.attachments().stream().map(DeviceInfo.Attachment::eid),
                                                device.lockHolders().stream().map(DeviceInfo.LockHolder::eid),
                                                device.waiters().stream().map(DeviceInfo.Waiter::eid))
                                        .flatMap(eids -> eids)))
                .filter(eid -> eid.startsWith(PREFIX))
                .distinct()
                .toList();
        require(left.isEmpty(), "something is left of " + left + ": " + snapshot);
    }

    private void say(String what) {
        System.out.println(own + " (pid " + ProcessHandle.current().pid() + ") " + what);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
