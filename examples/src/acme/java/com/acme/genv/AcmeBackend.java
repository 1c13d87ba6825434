// SPDX-License-Identifier: Apache-2.0
package com.acme.genv;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The devices of an imaginary driver. It has one directory for each device, named by its PCI address, with the files
 * {@code uuid}, {@code memory_total} and, on some models, {@code memory_used}.
 */
public final class AcmeBackend implements DeviceBackend {
    private final Path root;

    /** The directories in the order of their PCI addresses, as they were first found: the order that gives the indices. */
    private List<Path> known = List.of();

    /** For ServiceLoader. Does no work. */
    public AcmeBackend() {
        this(Path.of(System.getProperty("acme.root", "/sys/class/acme")));
    }

    AcmeBackend(Path root) {
        this.root = root;
    }

    @Override
    public String id() {
        return "acme";
    }

    @Override
    public String visibilityVariable() {
        return "ACME_VISIBLE_DEVICES";
    }

    @Override
    public Availability availability() {
        return Files.isDirectory(root)
                ? new Availability.Available()
                : new Availability.Unavailable("no acme driver: directory=" + root + "; load the acme module");
    }

    @Override
    public List<Device> devices() {
        List<Path> all = known();
        List<Device> devices = new ArrayList<>();
        for (int index = 0; index < all.size(); index++) {
            Path directory = all.get(index);
            if (Files.isDirectory(directory)) { // one that is lost leaves a gap
                devices.add(Device.builder(index, read(directory, "uuid"))
                        .pciBusId(String.valueOf(directory.getFileName()))
                        .totalMemory(MemorySize.parse(read(directory, "memory_total")))
                        .build());
            }
        }
        return devices;
    }

    @Override
    public List<DeviceFault> faults() {
        return known().stream()
                .filter(directory -> !Files.isDirectory(directory))
                .map(directory -> new DeviceFault(
                        String.valueOf(directory.getFileName()), "the driver has lost it; see the system log"))
                .toList();
    }

    @Override
    public DeviceSample sample(int index) {
        List<Path> all = known();
        if (index < 0 || index >= all.size() || !Files.isDirectory(all.get(index))) {
            throw new BackendException(
                    "no such device: index=" + index + ", faults=" + faults() + "; list the devices first");
        }
        DeviceSample.Builder sample = DeviceSample.builder();
        if (Files.exists(all.get(index).resolve("memory_used"))) { // absent, not zero, where the model does not say
            sample.memoryUsed(MemorySize.parse(read(all.get(index), "memory_used")));
        }
        return sample.build();
    }

    private synchronized List<Path> known() {
        if (known.isEmpty()) {
            try (Stream<Path> entries = Files.list(root)) {
                known = entries.filter(Files::isDirectory).sorted().toList();
            } catch (IOException e) {
                throw new BackendException("the acme driver does not list its devices: directory=" + root, e);
            }
        }
        return known;
    }

    private static String read(Path directory, String file) {
        try {
            return Files.readString(directory.resolve(file)).strip();
        } catch (IOException e) {
            throw new BackendException(
                    "the acme driver does not answer: file=" + directory.resolve(file) + "; see the system log", e);
        }
    }
}
