// SPDX-License-Identifier: Apache-2.0
package genv.it.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.MemorySize;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad values: memory sizes, counts, identifiers, names, indices, times. Meanwhile an environment {@code a} is active. */
@GenvTest
@SuppressWarnings("NullAway") // nulls are among them
class ValuesTest {
    private static final EnvConfig CONFIG =
            EnvConfig.builder().name("n").gpus(1).gpuMemory("4g").build();

    private GenvHost host;
    private Activation activation;

    @BeforeEach
    void activate(GenvHost injected) {
        host = injected;
        activation = injected.activate(ActivationRequest.of(CONFIG).eid("a"));
    }

    @AfterEach
    void shouldHaveChangedNothing() {
        assertThat(activation.devices()).containsExactly(0);
        assertThat(activation.configuration()).isEqualTo(CONFIG);
        assertThat(host.snapshot().envs()).hasSize(1);
    }

    // ---- memory ----------------------------------------------------------------------------------------------------

    static Stream<String> badSizes() {
        return Stream.of(
                "",
                " ",
                "-1g",
                "-0",
                "+1g",
                "1.5",
                "1.5b",
                ".5g",
                "1.g",
                "1..5g",
                "4GB",
                "4gb",
                "4G",
                "4 g",
                " 4g",
                "4g ",
                "4g\n",
                "4g\0",
                "\0",
                "4\0g",
                "\uff14g",
                "\u0664g",
                "4e3",
                "0x10",
                "1_000",
                "1,5g",
                "NaN",
                "Infinity",
                "g",
                "4p",
                "4kib",
                "9223372036854775808",
                "8388608ti",
                "99999999999999999999t",
                "1" + "0".repeat(10_000));
    }

    @ParameterizedTest
    @MethodSource("badSizes")
    void shouldRefuseAMemorySize(String size) {
        IllegalArgumentException parsed = size.isEmpty()
                ? emptyRefused(() -> MemorySize.parse(size))
                : Refusal.on(host, IllegalArgumentException.class, () -> MemorySize.parse(size), "size=");
        assertThat(parsed.getMessage().length()).as("length of the message").isLessThan(600);
        assertThat(parsed.getMessage()).matches(text -> text.chars().noneMatch(Character::isISOControl), "printable");
        assertThatThrownBy(
                        () -> host.configure(EnvConfig.builder().gpuMemory(size).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(parsed.getMessage());
    }

    @Test
    void shouldRefuseAShareOfNothing() {
        Refusal.on(
                host, IllegalArgumentException.class, () -> EnvConfig.builder().gpuMemory("0g"), "gpuMemory=0");
    }

    @Test
    void shouldRefuseAMemorySizeInAFile(GenvHosts hosts) throws IOException {
        Path file =
                Files.createDirectory(hosts.workingDirectory().resolve(".genv")).resolve("gpu-memory");
        for (String size :
                List.of("", "  \n", "-1g", "1.5", "4GB", "\uff14g", "9223372036854775808", "0", "4g\0", "4g 4g")) {
            Files.writeString(file, size);
            Refusal.on(host, GenvException.class, host::loadConfiguration, "file=" + file);
        }
        Files.write(file, new byte[] {'4', (byte) 0xff, 'g'});
        Refusal.on(host, GenvException.class, host::loadConfiguration, "file=" + file);
        Files.writeString(file, "4".repeat(1_000_000));
        Refusal.on(host, GenvException.class, host::loadConfiguration, "file=" + file);
    }

    @Test
    void shouldRefuseBadVariablesOfSimulatedDevices(GenvHosts hosts) {
        for (String size : List.of("-1g", "4GB", "", "1.5")) {
            try (Peer peer = Peer.ofGenv(
                    hosts.stateDirectory(), 2, child -> child.environment("GENV_MOCK_DEVICE_TOTAL_MEMORY", size))) {
                assertThat(peer.fails(genv.api.BackendException.class, "activate eid=b gpus=1"))
                        .contains("GENV_MOCK_DEVICE_TOTAL_MEMORY=" + size);
                peer.exits();
            }
        }
    }

    @NotOnJson("the exact size of a device")
    @Test
    void shouldRefuseAShareThatNoDeviceHas() {
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.configure(CONFIG.toBuilder().gpuMemory("17g").build()),
                "17g",
                "16g");
        EnvConfig most =
                CONFIG.toBuilder().gpuMemory(MemorySize.ofBytes(Long.MAX_VALUE)).build();
        Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(most));
        Refusal.on(host, DevicesUnavailableException.class, () -> host.run(ActivationRequest.of(most), () -> {}));
    }

    @Test
    void shouldNotOverflowWhenOverSubscribedSharesAreAdded() {
        EnvConfig most =
                CONFIG.toBuilder().gpuMemory(MemorySize.ofBytes(Long.MAX_VALUE)).build();
        var before = host.snapshot();
        host.run(
                ActivationRequest.of(most).eid("b").overSubscribed(),
                () -> host.run(
                        ActivationRequest.of(most.toBuilder().gpus(2).build())
                                .eid("c")
                                .overSubscribed(),
                        () -> Refusal.on(
                                host,
                                DevicesUnavailableException.class,
                                () -> host.run(
                                        ActivationRequest.of(
                                                CONFIG.toBuilder().gpus(2).build()),
                                        () -> {}))));
        assertThat(host.snapshot()).isEqualTo(before);
    }

    // ---- counts ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, 1025, Integer.MAX_VALUE})
    void shouldRefuseACount(int count) {
        Refusal.on(
                host, IllegalArgumentException.class, () -> EnvConfig.builder().gpus(count), "gpus=" + count);
        Refusal.on(host, IllegalArgumentException.class, () -> DeviceRequest.gpus(count), "gpus=" + count);
    }

    @Test
    void shouldRefuseACountAboveTheHosts() {
        for (int count : new int[] {3, 1024}) {
            Refusal.on(
                    host,
                    DevicesUnavailableException.class,
                    () -> host.attach(DeviceRequest.gpus(count)),
                    "asked=" + count,
                    "devices=2");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5", "", " ", "one", "1025", "4294967297", "\uff11", "+1", "1\0"})
    void shouldRefuseACountInAFile(String count, GenvHosts hosts) throws IOException {
        Path file =
                Files.createDirectory(hosts.workingDirectory().resolve(".genv")).resolve("gpus");
        Files.writeString(file, count);
        Refusal.on(host, GenvException.class, host::loadConfiguration, "file=" + file);
    }

    // ---- identifiers and names -------------------------------------------------------------------------------------

    static Stream<String> badIdentifiers() {
        return Stream.of(
                "",
                " ",
                "x".repeat(10_000),
                "x".repeat(129),
                "../x",
                "a/b",
                ".x",
                "-x",
                "a b",
                "a\0b",
                "a\nb",
                "\u007f",
                "a\u0085",
                "\u00e9",
                "\ud83d\ude00",
                "a=b",
                "a;b");
    }

    @ParameterizedTest
    @MethodSource("badIdentifiers")
    void shouldRefuseAnIdentifier(String eid) {
        IllegalArgumentException refused = eid.isEmpty()
                ? emptyRefused(() -> ActivationRequest.of(CONFIG).eid(eid))
                : Refusal.on(
                        host,
                        IllegalArgumentException.class,
                        () -> ActivationRequest.of(CONFIG).eid(eid),
                        "eid=");
        assertThat(refused.getMessage().length()).isLessThan(600);
        assertThat(refused.getMessage()).matches(text -> text.chars().noneMatch(Character::isISOControl), "printable");
    }

    /** There is no value to show. */
    private static IllegalArgumentException emptyRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        IllegalArgumentException refused =
                org.assertj.core.api.Assertions.catchThrowableOfType(IllegalArgumentException.class, call);
        assertThat(refused).hasMessageStartingWith("empty ").hasMessageContaining("; ");
        return refused;
    }

    @Test
    void shouldTakeTheLongestIdentifier() {
        String longest = "x".repeat(128);
        host.run(
                ActivationRequest.of(EnvConfig.empty()).eid(longest),
                () -> assertThat(host.eid()).contains(longest));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nb", "a\0b", "\u0007", "\ud800", "\udc00\ud800"})
    void shouldRefuseAName(String name) {
        if (name.isEmpty()) {
            var _ = emptyRefused(() -> EnvConfig.builder().name(name));
        } else {
            Refusal.on(
                    host,
                    IllegalArgumentException.class,
                    () -> EnvConfig.builder().name(name),
                    "name=");
        }
    }

    @Test
    void shouldRefuseANameThatIsTooLong() {
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> EnvConfig.builder().name("n".repeat(129)),
                "length=129",
                "limit=128");
        String longest = "\ud83d\ude00".repeat(64);
        host.run(
                ActivationRequest.of(EnvConfig.builder().name(longest).build()),
                () -> assertThat(host.configuration().name()).contains(longest));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Nvml", "a b", "../x", "\u00e9"})
    void shouldRefuseAnIdentifierOfABackend(String id) {
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> GenvOptions.builder().backendId(id),
                "id=");
    }

    // ---- indices and times -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, 2, 127, 128, Integer.MAX_VALUE})
    void shouldRefuseAnIndex(int index) {
        Refusal.on(
                host, IllegalArgumentException.class, () -> host.attach(DeviceRequest.index(index)), "index=" + index);
        Refusal.on(host, IllegalArgumentException.class, () -> host.detach(index), "index=" + index, "0", "1");
    }

    @Test
    void shouldRefuseANegativeTime() {
        Duration negative = Duration.ofNanos(-1);
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> ActivationRequest.of(CONFIG).waitUpTo(negative),
                "limit=");
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> DeviceRequest.gpus(1).waitUpTo(negative),
                "limit=");
        Refusal.on(host, IllegalArgumentException.class, () -> host.tryLock(LockMode.SHARE, negative), "limit=");
    }

    // ---- null ------------------------------------------------------------------------------------------------------

    @Test
    void shouldRefuseNullEverywhere() {
        List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> calls = List.of(
                () -> host.activate((EnvConfig) null),
                () -> host.activate((ActivationRequest) null),
                () -> host.configure(null),
                () -> host.attach(null),
                () -> host.lock(null),
                () -> host.tryLock((LockMode) null),
                () -> host.tryLock((Duration) null),
                () -> host.tryLock(LockMode.SHARE, null),
                () -> host.run(null, () -> {}),
                () -> host.run(ActivationRequest.of(CONFIG), null),
                () -> host.call(null, () -> 1),
                () -> host.call(ActivationRequest.of(CONFIG), null),
                () -> GenvHost.open(null),
                () -> MemorySize.parse(null),
                () -> ActivationRequest.of(null),
                () -> ActivationRequest.of(CONFIG).eid(null),
                () -> ActivationRequest.of(CONFIG).waitUpTo(null),
                () -> DeviceRequest.gpus(1).waitUpTo(null),
                () -> EnvConfig.builder().name(null),
                () -> EnvConfig.builder().gpuMemory((String) null),
                () -> activation.applyTo(null),
                () -> activation.start(null),
                () -> activation.adopt(null));
        var before = host.snapshot();
        for (int i = 0; i < calls.size(); i++) {
            assertThatThrownBy(calls.get(i)).as("call " + i).isInstanceOf(NullPointerException.class);
        }
        assertThat(host.snapshot()).isEqualTo(before);
    }
}
