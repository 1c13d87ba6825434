// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.BackendException;
import genv.api.MemorySize;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the environment variables that describe simulated devices. */
final class MockVariables {
    static final String COUNT = "GENV_MOCK_DEVICE_COUNT";
    static final String TOTAL_MEMORY = "GENV_MOCK_DEVICE_TOTAL_MEMORY";

    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,6}");

    private MockVariables() {}

    /** @throws BackendException where a value is bad */
    static SimulatedState read(Function<String, @Nullable String> variables) {
        int count = count(variables.apply(COUNT));
        MemorySize memory = memory(variables.apply(TOTAL_MEMORY));
        return SimulatedState.of(SimulatedDevices.list(count, memory, List.of(SimulatedDevices.NAME), 1, Map.of()));
    }

    private static int count(@Nullable String text) {
        if (text == null) {
            return 1;
        }
        // Integer.parseInt would also take a sign and the digits of other scripts
        if (DIGITS.matcher(text).matches()) {
            int count = Integer.parseInt(text);
            if (count <= SimulatedDevices.MOST) {
                return count;
            }
        }
        throw new BackendException("bad number of simulated devices: " + COUNT + "=" + text + "; give 0 to "
                + SimulatedDevices.MOST + " or unset the variable");
    }

    private static MemorySize memory(@Nullable String text) {
        if (text == null) {
            return SimulatedDevices.MEMORY;
        }
        try {
            return MemorySize.parse(text);
        } catch (IllegalArgumentException e) {
            throw new BackendException(
                    "bad memory size of simulated devices: " + TOTAL_MEMORY + "=" + text + ", reason=" + e.getMessage()
                            + "; give for instance 16g or unset the variable",
                    e);
        }
    }
}
