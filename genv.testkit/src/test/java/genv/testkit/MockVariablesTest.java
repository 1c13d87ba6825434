// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class MockVariablesTest {
    @Test
    void shouldHaveOneDeviceWhenNothingIsSet() {
        assertEquals(
                SimulatedBackend.of(1).devices(),
                SimulatedBackend.ofVariables(Map.of()).devices());
    }

    @Test
    void shouldHaveDevicesAsTheVariablesSay() {
        List<Device> devices = SimulatedBackend.ofVariables(
                        Map.of("GENV_MOCK_DEVICE_COUNT", "8", "GENV_MOCK_DEVICE_TOTAL_MEMORY", "80gi"))
                .devices();
        assertEquals(SimulatedBackend.of(8, "80gi").devices(), devices);
    }

    @Test
    void shouldNameVariableAndValueWhenCountIsBad() {
        for (String bad : List.of("", "-1", "+1", "1.5", "two", "65537", "99999999999", "1 ", "\uff13")) {
            requireRefused("GENV_MOCK_DEVICE_COUNT", bad);
        }
    }

    @Test
    void shouldNameVariableAndValueWhenMemoryIsBad() {
        for (String bad : List.of("", "-1g", "4GB", "x")) {
            requireRefused("GENV_MOCK_DEVICE_TOTAL_MEMORY", bad);
        }
    }

    private static void requireRefused(String variable, String value) {
        SimulatedBackend backend = SimulatedBackend.ofVariables(Map.of(variable, value));
        BackendException e = assertThrows(BackendException.class, backend::devices, value);
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains(variable + "=" + value), message);
        assertThrows(BackendException.class, () -> backend.sample(0));
        Availability.Unavailable unavailable = assertInstanceOf(Availability.Unavailable.class, backend.availability());
        assertEquals(message, unavailable.reason());
    }

    /** On the class path, and from the real environment. */
    @Test
    void shouldBeFoundAsServiceWithVariablesOfItsProcess() {
        try (ChildJvm child = ChildJvm.of(ListsService.class)
                .environment("GENV_MOCK_DEVICE_COUNT", "3")
                .environment("GENV_MOCK_DEVICE_TOTAL_MEMORY", "24g")
                .start()) {
            assertEquals("3 24000000000", child.expect("devices"));
            child.awaitExit();
        }
    }

    /** In whatever way this test is run, which for the project's own build is on the module path. */
    @Test
    void shouldBeFoundAsService() {
        MockVariablesTest.class.getModule().addUses(DeviceBackend.class);
        Optional<DeviceBackend> found =
                ServiceLoader.load(DeviceBackend.class, SimulatedBackend.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .filter(backend -> backend.id().equals(SimulatedBackend.ID))
                        .findFirst();
        assertInstanceOf(SimulatedBackend.class, found.orElseThrow());
    }

    static final class ListsService implements ChildTask {
        @Override
        public void run(ChildContext context) {
            for (DeviceBackend backend : ServiceLoader.load(DeviceBackend.class)) {
                if (backend.id().equals(SimulatedBackend.ID)) {
                    List<Device> devices = backend.devices();
                    MemorySize memory = devices.getFirst().totalMemory().orElseThrow();
                    context.send("devices " + devices.size() + " " + memory.bytes());
                }
            }
        }
    }
}
