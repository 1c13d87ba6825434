// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceSample;
import java.util.List;

/** Providers for a services file. They stand alone, since each is loaded by another class loader. */
final class InstalledBackends {
    private InstalledBackends() {}

    public static final class Good implements DeviceBackend {
        public Good() {}

        @Override
        public String id() {
            return "good";
        }

        @Override
        public Availability availability() {
            return new Availability.Available();
        }

        @Override
        public List<Device> devices() {
            return List.of();
        }

        @Override
        public DeviceSample sample(int index) {
            return DeviceSample.builder().build();
        }
    }

    public static final class ThrowsInConstructor implements DeviceBackend {
        public ThrowsInConstructor() {
            throw new IllegalStateException("no licence");
        }

        @Override
        public String id() {
            return "throws";
        }

        @Override
        public Availability availability() {
            return new Availability.Available();
        }

        @Override
        public List<Device> devices() {
            return List.of();
        }

        @Override
        public DeviceSample sample(int index) {
            return DeviceSample.builder().build();
        }
    }

    public static final class FailsToLink implements DeviceBackend {
        private static final String LIBRARY = load();

        public FailsToLink() {}

        private static String load() {
            throw new UnsatisfiedLinkError("no such library");
        }

        @Override
        public String id() {
            return LIBRARY;
        }

        @Override
        public Availability availability() {
            return new Availability.Available();
        }

        @Override
        public List<Device> devices() {
            return List.of();
        }

        @Override
        public DeviceSample sample(int index) {
            return DeviceSample.builder().build();
        }
    }

    public static final class BadId implements DeviceBackend {
        public BadId() {}

        @Override
        public String id() {
            return "Bad Id";
        }

        @Override
        public Availability availability() {
            return new Availability.Available();
        }

        @Override
        public List<Device> devices() {
            return List.of();
        }

        @Override
        public DeviceSample sample(int index) {
            return DeviceSample.builder().build();
        }
    }

    public abstract static class Base implements DeviceBackend {}

    /** Installed without its superclass. */
    public static final class Orphan extends Base {
        public Orphan() {}

        @Override
        public String id() {
            return "orphan";
        }

        @Override
        public Availability availability() {
            return new Availability.Available();
        }

        @Override
        public List<Device> devices() {
            return List.of();
        }

        @Override
        public DeviceSample sample(int index) {
            return DeviceSample.builder().build();
        }
    }

    public static final class NotOne {
        public NotOne() {}
    }
}
