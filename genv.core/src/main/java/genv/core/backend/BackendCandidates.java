// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.spi.DeviceBackend;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * The backends that are installed: those that could be created, and why the others could not.
 *
 * @param found new instances, one a class, in the order in which they were found
 * @param problems one sentence for each provider that could not be created
 */
record BackendCandidates(List<Candidate> found, List<String> problems) {
    /** Ends the search where a broken class path gives nothing but errors. */
    private static final int MAX_PROBLEMS = 100;

    /** A backend and the identifier that it had when it was found. */
    record Candidate(String id, DeviceBackend backend) {
        String className() {
            return backend.getClass().getName();
        }
    }

    /**
     * Creates every backend that {@link ServiceLoader} finds through this module's class loader and the thread's
     * context class loader. A class that both find, be it the same or a second copy, is taken from the first.
     */
    static BackendCandidates load() {
        LinkedHashSet<ClassLoader> loaders = new LinkedHashSet<>();
        ClassLoader own = BackendCandidates.class.getClassLoader();
        loaders.add(own == null ? ClassLoader.getSystemClassLoader() : own);
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        if (context != null) {
            loaders.add(context);
        }
        return load(loaders);
    }

    /** As {@link #load()}, through these class loaders. */
    static BackendCandidates load(Collection<ClassLoader> loaders) {
        List<Candidate> found = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        Set<String> classes = new HashSet<>();
        for (ClassLoader loader : loaders) {
            Iterator<ServiceLoader.Provider<DeviceBackend>> providers =
                    ServiceLoader.load(DeviceBackend.class, loader).stream().iterator();
            for (int failures = 0; failures < MAX_PROBLEMS; ) {
                String what = "a provider";
                try {
                    if (!providers.hasNext()) {
                        break;
                    }
                    ServiceLoader.Provider<DeviceBackend> provider = providers.next();
                    what = provider.type().getName();
                    // The type of a provider method can be the interface: then only the instance tells.
                    boolean concrete = !Modifier.isAbstract(provider.type().getModifiers());
                    if (concrete && !classes.add(what)) {
                        continue;
                    }
                    DeviceBackend backend = provider.get();
                    if (concrete || classes.add(backend.getClass().getName())) {
                        found.add(candidate(backend));
                    }
                } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
                    failures++;
                    String problem = what + ": could not be created: " + rootMessage(e);
                    if (!problems.contains(problem)) {
                        problems.add(problem);
                    }
                }
            }
        }
        return new BackendCandidates(List.copyOf(found), List.copyOf(problems));
    }

    private static Candidate candidate(DeviceBackend backend) {
        String id = backend.id();
        if (id == null || !isIdentifier(id)) {
            throw new IllegalStateException("bad backend identifier: id=" + id + ", allowed=[a-z0-9-]+");
        }
        return new Candidate(id, backend);
    }

    private static boolean isIdentifier(String id) {
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
                return false;
            }
        }
        return !id.isEmpty();
    }

    /** A provider's own failure says more than the loader's wrapping of it; both are short. */
    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        for (int depth = 0; depth < 10 && root.getCause() != null; depth++) {
            root = root.getCause();
        }
        return failure.getCause() == null ? failure.toString() : root + " (" + failure.getMessage() + ")";
    }
}
