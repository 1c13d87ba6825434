// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.GenvProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stands for the class path of an application: a loader that defines some classes of the tests itself, in its unnamed
 * module, and has a {@code META-INF/services} file that names the providers. Everything else comes from the tests' own
 * loader.
 */
final class ServiceClassLoader extends ClassLoader {
    private static final String SERVICES = "META-INF/services/" + GenvProvider.class.getName();

    private final List<String> providers;
    private final Set<String> own;

    private ServiceClassLoader(List<String> providers, Set<String> own) {
        super(ServiceClassLoader.class.getClassLoader());
        this.providers = providers;
        this.own = own;
    }

    static ServiceClassLoader of(Class<?>... providers) {
        List<String> names = Arrays.stream(providers).map(Class::getName).toList();
        return new ServiceClassLoader(names, Set.copyOf(names));
    }

    /** A loader whose services file names a class that does not exist. */
    static ServiceClassLoader ofMissing(String provider) {
        return new ServiceClassLoader(List.of(provider), Set.of());
    }

    /** The same providers, and a second copy of the service's interface, as where genv.api is there twice. */
    ServiceClassLoader withOwnInterface() {
        return new ServiceClassLoader(
                providers,
                Stream.concat(own.stream(), Stream.of(GenvProvider.class.getName()))
                        .collect(Collectors.toSet()));
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!own.contains(name)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = ServiceClassLoader.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        List<URL> found = Collections.list(super.getResources(name));
        if (name.equals(SERVICES)) {
            found.add(services());
        }
        return Collections.enumeration(found);
    }

    private URL services() throws MalformedURLException {
        byte[] text = String.join("\n", providers).getBytes(StandardCharsets.UTF_8);
        return URL.of(URI.create("test:services"), new URLStreamHandler() {
            @Override
            protected URLConnection openConnection(URL url) {
                return new URLConnection(url) {
                    @Override
                    public void connect() {}

                    @Override
                    public InputStream getInputStream() {
                        return new ByteArrayInputStream(text);
                    }
                };
            }
        });
    }
}
