// SPDX-License-Identifier: Apache-2.0
package genv.it.packaging;

import java.io.File;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.AssertionFailedError;
import tools.jackson.core.JsonParser;

/** The jars that the reactor has built, and those that the testkit needs beside them. */
final class Jars {
    static final Path API = built("api");
    static final Path CORE = built("core");
    static final Path NVML = built("nvml");
    static final Path TESTKIT = built("testkit");

    /** What {@code genv.core} needs beside it to read and write JSON. */
    static final Path JSON = of(tools.jackson.jr.ob.JSON.class);

    static final Path JSON_PARSER = of(JsonParser.class);

    private Jars() {}

    /** What a program with simulated devices has on its path: no jar that only the build needs. */
    static List<Path> withSimulatedDevices() {
        return Stream.concat(
                        Stream.of(API, CORE, TESTKIT, JSON, JSON_PARSER),
                        Stream.of(Test.class, AnnotationSupport.class, AssertionFailedError.class)
                                .map(Jars::of))
                .toList();
    }

    static String path(List<Path> jars) {
        return jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static Path built(String name) {
        return Path.of(Objects.requireNonNull(System.getProperty("genv.jars." + name), name));
    }

    private static Path of(Class<?> type) {
        try {
            URI location =
                    type.getProtectionDomain().getCodeSource().getLocation().toURI();
            return Path.of(location);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
