// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.backend.BackendCandidates.Candidate;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Discovery through the context class loader, as in a container that loads an application's jars by itself. */
class BackendCandidatesTest {
    private static final String GOOD = InstalledBackends.Good.class.getName();

    @TempDir
    Path jar;

    @Test
    void shouldFindBackendWhenOnlyContextLoaderHasIt() throws IOException {
        install(List.of(GOOD), List.of(InstalledBackends.Good.class));

        BackendCandidates candidates = load();

        assertThat(fromJar(candidates)).extracting(Candidate::id).containsExactly("good");
        assertThat(candidates.problems()).isEmpty();
    }

    @Test
    void shouldFindNothingOfItWhenContextLoaderIsAnother() throws IOException {
        install(List.of(GOOD), List.of(InstalledBackends.Good.class));

        assertThat(fromJar(BackendCandidates.load())).isEmpty();
    }

    @Test
    void shouldReportAndGoOnWhenProvidersAreBroken() throws IOException {
        install(
                List.of(
                        InstalledBackends.ThrowsInConstructor.class.getName(),
                        InstalledBackends.FailsToLink.class.getName(),
                        InstalledBackends.BadId.class.getName(),
                        InstalledBackends.NotOne.class.getName(),
                        InstalledBackends.Orphan.class.getName(),
                        "com.example.Missing",
                        GOOD),
                List.of(
                        InstalledBackends.ThrowsInConstructor.class,
                        InstalledBackends.FailsToLink.class,
                        InstalledBackends.BadId.class,
                        InstalledBackends.NotOne.class,
                        InstalledBackends.Orphan.class,
                        InstalledBackends.Good.class));

        BackendCandidates candidates = load();

        assertThat(fromJar(candidates)).extracting(Candidate::id).containsExactly("good");
        assertThat(candidates.problems())
                .hasSize(6)
                .anySatisfy(problem -> assertThat(problem)
                        .startsWith(InstalledBackends.ThrowsInConstructor.class.getName())
                        .contains("no licence"))
                .anySatisfy(problem -> assertThat(problem)
                        .startsWith(InstalledBackends.FailsToLink.class.getName())
                        .contains("UnsatisfiedLinkError: no such library"))
                .anySatisfy(problem -> assertThat(problem)
                        .startsWith(InstalledBackends.BadId.class.getName())
                        .contains("id=Bad Id"))
                .anySatisfy(problem -> assertThat(problem).contains(InstalledBackends.NotOne.class.getName()))
                .anySatisfy(problem ->
                        assertThat(problem).contains("ClassNotFoundException", InstalledBackends.Base.class.getName()))
                .anySatisfy(problem -> assertThat(problem).contains("com.example.Missing"));
    }

    @Test
    void shouldReportWhenServicesFileIsGarbage() throws IOException {
        install(List.of("this is not a class name"), List.of());

        BackendCandidates candidates = load();

        assertThat(fromJar(candidates)).isEmpty();
        assertThat(candidates.problems()).isNotEmpty();
    }

    @Test
    void shouldTakeClassOnceWhenItIsNamedTwice() throws IOException {
        install(List.of(GOOD, GOOD), List.of(InstalledBackends.Good.class));

        assertThat(fromJar(load())).hasSize(1);
    }

    @Test
    void shouldTakeFirstCopyWhenSeveralLoadersHaveTheClass() throws IOException {
        install(List.of(GOOD), List.of(InstalledBackends.Good.class));

        try (JarLoader first = new JarLoader(jar);
                JarLoader second = new JarLoader(jar)) {
            assertThat(BackendCandidates.load(List.of(first, second, first)).found())
                    .filteredOn(candidate -> candidate.className().equals(GOOD))
                    .singleElement()
                    .extracting(candidate -> candidate.backend().getClass().getClassLoader())
                    .isSameAs(first);
        }
    }

    @Test
    void shouldCreateNewInstancesWhenLoadedAgain() throws IOException {
        install(List.of(GOOD), List.of(InstalledBackends.Good.class));

        assertThat(fromJar(load()).get(0).backend())
                .isNotSameAs(fromJar(load()).get(0).backend());
    }

    private List<Candidate> fromJar(BackendCandidates candidates) {
        return candidates.found().stream()
                .filter(candidate -> candidate.className().startsWith(InstalledBackends.class.getName()))
                .toList();
    }

    private BackendCandidates load() throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (JarLoader loader = new JarLoader(jar)) {
            thread.setContextClassLoader(loader);
            return BackendCandidates.load();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Lays out what a backend's jar has: its classes and the services file. */
    private void install(List<String> providers, List<Class<?>> classes) throws IOException {
        Path services = Files.createDirectories(jar.resolve("META-INF/services"));
        Files.write(services.resolve("genv.api.spi.DeviceBackend"), providers);
        for (Class<?> type : classes) {
            Path target = jar.resolve(type.getName().replace('.', '/') + ".class");
            Files.createDirectories(Objects.requireNonNull(target.getParent()));
            String simple = type.getName().substring(type.getName().lastIndexOf('.') + 1);
            try (InputStream bytes = Objects.requireNonNull(type.getResourceAsStream(simple + ".class"))) {
                Files.copy(bytes, target);
            }
        }
    }

    /**
     * Defines the installed backends itself although its parent has them too: a class that comes from a named module is
     * no provider of a services file.
     */
    private static final class JarLoader extends URLClassLoader {
        JarLoader(Path jar) {
            super(new URL[] {url(jar)}, BackendCandidatesTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                return name.startsWith(InstalledBackends.class.getName() + "$")
                        ? findClass(name)
                        : super.loadClass(name, resolve);
            }
        }

        private static URL url(Path directory) {
            try {
                return directory.toUri().toURL();
            } catch (MalformedURLException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
