// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Finds everything that the code of this JVM was loaded from, as one class path.
 *
 * <p>A child runs on the class path even where its parent is on the module path: a test runner patches test classes
 * into the module that they test and adds reads and opens to it, and a running JVM does not tell what was patched. On
 * the class path the same classes see each other without any of that, and services are found by
 * {@code META-INF/services}.
 */
final class ChildClassPath {
    private ChildClassPath() {}

    static List<Path> of(Class<?> task) {
        Set<Path> found = new LinkedHashSet<>();
        found.add(rootOf(task));
        found.add(rootOf(ChildMain.class));
        for (ResolvedModule module : ModuleLayer.boot().configuration().modules()) {
            module.reference()
                    .location()
                    .filter(uri -> "file".equals(uri.getScheme()))
                    .ifPresent(uri -> found.add(Path.of(uri)));
        }
        paths("java.class.path").stream().filter(Files::exists).forEach(found::add);
        for (Path entry : paths("jdk.module.path")) {
            found.addAll(modulesIn(entry));
        }
        return List.copyOf(found);
    }

    /** The directory or jar that the class file lies in; for a patched module, its code source is another one. */
    private static Path rootOf(Class<?> type) {
        String file = type.getName().replace('.', '/') + ".class";
        URL url = Objects.requireNonNull(
                type.getResource('/' + file), () -> "class file of the task cannot be found: class=" + type.getName());
        try {
            if (url.getProtocol().equals("jar")) {
                String jar = url.getFile();
                return Path.of(new URI(jar.substring(0, jar.indexOf("!/"))));
            }
            if (url.getProtocol().equals("file")) {
                Path root = Path.of(url.toURI());
                for (int i = Path.of(file).getNameCount(); i > 0; i--) {
                    root = Objects.requireNonNull(root.getParent());
                }
                return root;
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException("class file of the task has a bad address: url=" + url, e);
        }
        throw new IllegalStateException("task is neither in a directory nor in a jar: url=" + url
                + "; give the class path with ChildJvm.Builder.classPath");
    }

    private static List<Path> paths(String property) {
        List<Path> paths = new ArrayList<>();
        for (String entry : System.getProperty(property, "").split(File.pathSeparator, -1)) {
            if (!entry.isEmpty()) {
                paths.add(Path.of(entry).toAbsolutePath());
            }
        }
        return paths;
    }

    /** An entry of a module path is a module, or a directory of modules. */
    private static List<Path> modulesIn(Path entry) {
        if (!Files.isDirectory(entry)) {
            return Files.exists(entry) ? List.of(entry) : List.of();
        }
        if (Files.exists(entry.resolve("module-info.class"))) {
            return List.of(entry);
        }
        List<Path> modules = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(entry)) {
            for (Path file : files) {
                if (file.toString().endsWith(".jar") || Files.exists(file.resolve("module-info.class"))) {
                    modules.add(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("module path cannot be listed: directory=" + entry, e);
        }
        return modules;
    }
}
