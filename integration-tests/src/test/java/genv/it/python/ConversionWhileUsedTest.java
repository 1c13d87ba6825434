// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.it.check.Background;
import genv.it.check.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several convert a directory to and fro while others open it and take what it has: what lives is not converted away. */
class ConversionWhileUsedTest {
    private static final int CONVERSIONS = 40;

    @TempDir
    private Path parent;

    private final AtomicIntegerArray owners = new AtomicIntegerArray(2);
    private final AtomicBoolean finished = new AtomicBoolean();

    @Test
    void shouldNotConvertAwayWhatLives() throws Exception {
        PythonState state = PythonState.create(parent);
        List<Background<Integer>> users = new ArrayList<>();
        List<Background<Integer>> converters = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            String eid = "user-" + i;
            boolean toJsonFirst = i == 0;
            users.add(Background.start(() -> use(state, eid)));
            converters.add(Background.start(() -> convert(state, toJsonFirst)));
        }
        int converted = 0;
        try {
            for (Background<Integer> one : converters) {
                converted += one.result();
            }
        } finally {
            finished.set(true);
        }
        int taken = 0;
        for (Background<Integer> one : users) {
            taken += one.result();
        }
        assertThat(converted).isPositive();
        assertThat(taken).isPositive();
        if (Files.exists(state.directory().resolve("genv.state"))) { // the rare case: who opened it as it was converted
            Files.deleteIfExists(state.directory().resolve("envs.json"));
            Files.deleteIfExists(state.directory().resolve("devices.json"));
            try {
                state.open().close();
            } catch (
                    StateException refused) { // or made a state anew meanwhile: refused by all, who are told what to do
                assertThat(refused).hasMessageContaining("then delete genv.state and genv.live");
                Files.delete(state.directory().resolve("genv.state"));
                Files.deleteIfExists(state.directory().resolve("genv.live"));
            }
        }
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().envs()).isEmpty();
        }
    }

    /** Who uses it would otherwise find two states in it for a moment, and be refused. */
    @Test
    void shouldNotShowATraceOfAConversionThatIsRefused() throws Exception {
        PythonState state = PythonState.create(parent);
        Files.delete(state.directory().resolve("envs.json"));
        try (GenvHost host = state.open();
                WatchService watch = state.directory().getFileSystem().newWatchService()) {
            state.directory().register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            Refusal.of(
                    StateException.class,
                    () -> GenvHost.convert(state.directory(), StateFormat.JSON),
                    "the directory is in use");
            Activation _ = host.activate(
                    ActivationRequest.of(EnvConfig.builder().gpus(1).build()));
            Refusal.of(
                    StateException.class,
                    () -> GenvHost.convert(state.directory(), StateFormat.JSON),
                    "environments live in the directory");
            Files.createFile(state.directory().resolve("last"));
            assertThat(namesMade(watch)).doesNotContain("envs.json");
        }
    }

    /** Up to the one that was made last. */
    private static List<String> namesMade(WatchService watch) throws InterruptedException {
        List<String> names = new ArrayList<>();
        while (!names.contains("last")) {
            WatchKey key = watch.take();
            key.pollEvents().forEach(event -> names.add(String.valueOf(event.context())));
            key.reset();
        }
        return names;
    }

    private int convert(PythonState state, boolean toJsonFirst) {
        int done = 0;
        for (int i = 0; i < CONVERSIONS; i++) {
            StateFormat to = (i % 2 == 0) == toJsonFirst ? StateFormat.JSON : StateFormat.MAPPED;
            try {
                GenvHost.convert(state.directory(), to);
                done++;
            } catch (StateException inUse) {
                // an answer too
            }
        }
        return done;
    }

    private int use(PythonState state, String eid) {
        int taken = 0;
        while (!finished.get() || taken == 0) {
            try (GenvHost host = state.open();
                    Activation mine = host.activate(
                            ActivationRequest.of(EnvConfig.builder().gpus(1).build())
                                    .eid(eid))) {
                for (int index : mine.devices()) {
                    assertThat(owners.incrementAndGet(index))
                            .as("owners of %d", index)
                            .isOne();
                }
                try {
                    assertThat(host.attached()).as("what it was given").isEqualTo(mine.devices());
                } finally {
                    mine.devices().forEach(owners::decrementAndGet);
                }
                taken++;
            } catch (StateException | DevicesUnavailableException refused) {
                if (finished.get()) {
                    return Math.max(taken, 1); // both kinds are there: the rare case
                }
            }
        }
        return taken;
    }
}
