// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExceptionsTest {
    static Stream<GenvException> exceptions() {
        Exception cause = new IOException("disk");
        return Stream.of(
                new GenvException("m", cause),
                new AlreadyActiveException("m", cause),
                new NotActiveException("m", cause),
                new AccessDeniedException("m", cause),
                new StateException("m", cause),
                new BackendException("m", cause),
                new InterruptedWaitException("m", cause));
    }

    @ParameterizedTest
    @MethodSource("exceptions")
    void shouldKeepTypeMessageAndCauseWhenSerialized(GenvException thrown) throws Exception {
        Throwable read = throughBytes(thrown);

        assertThat(read).isExactlyInstanceOf(thrown.getClass()).hasMessage("m");
        assertThat(read).cause().isExactlyInstanceOf(IOException.class).hasMessage("disk");
    }

    @Test
    void shouldHaveNoCauseWhenNoneIsGiven() {
        assertThat(Stream.of(
                        new GenvException("m"),
                        new AlreadyActiveException("m"),
                        new NotActiveException("m"),
                        new AccessDeniedException("m"),
                        new StateException("m"),
                        new BackendException("m"),
                        new InterruptedWaitException("m")))
                .allSatisfy(e -> assertThat(e).hasMessage("m").hasNoCause());
    }

    @Test
    void shouldSayWhoHoldsWhatWhenDevicesAreUnavailable() {
        List<Integer> free = new ArrayList<>(List.of(2, 300));
        List<DeviceInfo> devices = new ArrayList<>(List.of(device()));
        DevicesUnavailableException thrown = new DevicesUnavailableException("m", 4, free, devices);
        free.clear();
        devices.clear();

        assertThat(thrown.asked()).isEqualTo(4);
        assertThat(thrown.free()).containsExactly(2, 300).isUnmodifiable();
        assertThat(thrown.devices()).containsExactly(device()).isUnmodifiable();
    }

    @Test
    void shouldKeepNumbersWhenUnavailabilityIsSerialized() throws Exception {
        DevicesUnavailableException read = (DevicesUnavailableException)
                throughBytes(new DevicesUnavailableException("m", 4, List.of(2, 300), List.of(device())));

        assertThat(read).hasMessage("m");
        assertThat(read.asked()).isEqualTo(4);
        assertThat(read.free()).containsExactly(2, 300);
        assertThat(read.devices()).isEmpty();
    }

    private static DeviceInfo device() {
        DeviceInfo.Attachment attachment = new DeviceInfo.Attachment("e", Optional.empty(), Instant.EPOCH);
        return new DeviceInfo(
                0, Optional.empty(), Optional.empty(), Optional.empty(), List.of(attachment), List.of(), List.of());
    }

    @SuppressWarnings("BanSerializableRead") // bytes that this test has just written
    private static Throwable throughBytes(Throwable thrown) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thrown);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Throwable) in.readObject();
        }
    }
}
