// SPDX-License-Identifier: Apache-2.0
package example;

import java.nio.file.Path;

/** Where the build has put things. */
final class Built {
    /** The root of the repository. */
    static final Path ROOT = path("genv.examples.root");

    /** The jar of the programs. */
    static final Path PROGRAMS = path("genv.examples.jar");

    /** The folder of jars that they need. */
    static final Path MODULES = path("genv.examples.modules");

    /** The version of this build. */
    static final String VERSION = text("genv.examples.version");

    private Built() {}

    private static Path path(String property) {
        return Path.of(text(property)).toAbsolutePath().normalize();
    }

    private static String text(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalStateException(
                    "the build sets this system property: name=" + property + "; run ./mvnw -pl examples -am verify");
        }
        return value;
    }
}
