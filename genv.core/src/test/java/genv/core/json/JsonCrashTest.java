// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.core.json.KilledChild.Operation;
import genv.core.state.CrashPoint;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process with its state in Genv's files is killed at each named step, also between the two files: both can be read, nothing
 * is given twice, and what it had is free for the next.
 */
class JsonCrashTest {
    @TempDir
    private Path directory;

    static Stream<Arguments> steps() {
        List<Operation> bothFiles = List.of(Operation.ACTIVATE, Operation.GROW, Operation.SHRINK, Operation.LEAVE);
        List<Operation> oneFile = List.of(Operation.ATTACH, Operation.DETACH);
        Stream<Arguments> first = Stream.of("STATE_LOCKED", "FILE_BEGUN", "FILE_WRITTEN", "FILE_REPLACED")
                .flatMap(point -> Stream.concat(bothFiles.stream(), oneFile.stream())
                        .map(operation -> Arguments.of(operation, point)));
        Stream<Arguments> second = Stream.of("FILE_BEGUN:2", "FILE_WRITTEN:2", "FILE_REPLACED:2")
                .flatMap(point -> bothFiles.stream().map(operation -> Arguments.of(operation, point)));
        Stream<Arguments> locks =
                Stream.of("DEVICE_LOCKED", "DEVICE_LOCKED:2").map(point -> Arguments.of(Operation.LOCK, point));
        return Stream.of(first, second, locks).flatMap(all -> all);
    }

    @Test
    void shouldComeToEveryStep() {
        assertThat(steps().map(step -> nameOf(String.valueOf(step.get()[1]))).distinct())
                .containsExactlyInAnyOrderElementsOf(
                        CrashPoint.OF_JSON.stream().map(Enum::name).toList());
    }

    private static String nameOf(String point) {
        return point.endsWith(":2") ? point.substring(0, point.length() - 2) : point;
    }

    @BeforeEach
    void create() throws IOException {
        Files.writeString(directory.resolve("envs.json"), "{\"envs\": []}");
    }

    @ParameterizedTest
    @MethodSource("steps")
    void shouldLeaveNothingBehindAndGiveNothingTwiceWhenKilledAt(Operation operation, String point) throws Exception {
        try (GenvHost host = KilledChild.open(directory)) {
            EnvConfig small = EnvConfig.builder().gpus(1).gpuMemory("4g").build();
            try (Activation mine = host.activate(ActivationRequest.of(small).eid("mine"))) {
                assertThat(mine.devices()).containsExactly(0);
                try (ChildJvm child = ChildJvm.of(KilledChild.class)
                        .jvmOptions("-Dgenv.crashpoint=")
                        .arguments(directory.toString(), operation.name(), point)
                        .start()) {
                    child.expect("crash point " + nameOf(point));
                    child.kill();
                }
                // beside the own 4g there is room for 11g only where nothing of the dead one is left
                EnvConfig large = EnvConfig.builder().gpus(3).gpuMemory("11g").build();
                try (GenvHost other = KilledChild.open(directory);
                        Activation all =
                                other.activate(ActivationRequest.of(large).eid("all"));
                        DeviceLock lock = other.lock()) {
                    assertThat(all.devices()).containsExactly(0, 1, 2).isEqualTo(lock.devices());
                    assertThat(host.snapshot().envs())
                            .extracting(EnvInfo::eid)
                            .containsExactlyInAnyOrder("mine", "all");
                }
                assertThat(host.attached()).containsExactly(0);
            }
            assertThat(host.snapshot().envs()).isEmpty();
        }
        assertThat(Files.readString(directory.resolve("devices.json"))).doesNotContain("\"eid\"");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("envs.json", "devices.json", "genv.lock", "devices");
        }
    }
}
