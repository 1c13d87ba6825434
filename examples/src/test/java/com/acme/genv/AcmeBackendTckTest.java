// SPDX-License-Identifier: Apache-2.0
package com.acme.genv;

import genv.api.spi.DeviceBackend;
import genv.testkit.tck.DeviceBackendTck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class AcmeBackendTckTest extends DeviceBackendTck {
    @TempDir
    Path driver;

    @BeforeEach
    void makeDevices() throws IOException {
        addDevice("0000:3b:00.0", "ACME-1");
        addDevice("0000:86:00.0", "ACME-2");
    }

    @Override
    protected DeviceBackend backend() {
        return new AcmeBackend(driver);
    }

    @Override
    protected boolean mustBeAvailable() {
        return true;
    }

    @Override
    protected OptionalInt loseDevice(DeviceBackend backend) {
        try {
            Path directory = driver.resolve("0000:3b:00.0");
            Files.delete(directory.resolve("uuid"));
            Files.delete(directory.resolve("memory_total"));
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return OptionalInt.of(0);
    }

    @Override
    protected Optional<DeviceBackend> unavailableBackend() {
        return Optional.of(new AcmeBackend(Path.of("/nowhere")));
    }

    private void addDevice(String pciAddress, String uuid) throws IOException {
        Path directory = Files.createDirectory(driver.resolve(pciAddress));
        Files.writeString(directory.resolve("uuid"), uuid + "\n");
        Files.writeString(directory.resolve("memory_total"), "16gi\n");
    }
}
