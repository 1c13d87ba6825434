// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks;

import genv.benchmarks.result.Results;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** What the figures depend on. */
final class Machine {
    private Machine() {}

    static Results results(Settings settings) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("form", settings.form());
        facts.put("date", LocalDate.now(ZoneOffset.UTC).toString());
        facts.put("processor", processor());
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        facts.put("system", system());
        facts.put("java", System.getProperty("java.vendor") + " " + Runtime.version());
        facts.put("load before", load());
        return new Results(facts);
    }

    static String load() {
        return String.format(
                Locale.ROOT,
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    /** Without what the distribution added. */
    private static String system() {
        String[] version = System.getProperty("os.version").split("[.-]", 3);
        return System.getProperty("os.name") + " " + version[0] + (version.length > 1 ? "." + version[1] : "") + " "
                + System.getProperty("os.arch");
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("unknown processor");
        } catch (IOException e) {
            return "unknown processor";
        }
    }
}
