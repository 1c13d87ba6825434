// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.BackendException;
import genv.api.GenvException;
import genv.api.GenvOptions;
import genv.api.spi.Availability;
import genv.api.spi.DeviceBackend;
import genv.core.backend.BackendCandidates.Candidate;
import genv.core.variables.VariableNames;
import genv.core.variables.VariableStore;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the device backend of a host when devices are first needed, and keeps it.
 *
 * <p>The choice, first match first:
 *
 * <ol>
 *   <li>the backend in {@link GenvOptions#backend()};
 *   <li>the installed backend whose identifier is named: by {@link GenvOptions#backendId()}, by the system property
 *       {@value #PROPERTY}, or, as {@value #SIMULATED}, by the environment variable
 *       {@value VariableNames#GENV_MOCK_DEVICE_COUNT} being set;
 *   <li>the one installed backend that is usable here and not {@linkplain DeviceBackend#onRequestOnly() on request
 *       only}.
 * </ol>
 *
 * <p>Installed are the backends that {@link java.util.ServiceLoader} finds; one that fails while it is created or asked
 * does not keep the others from being chosen. Anything but one match is a {@link BackendException} that names every
 * backend looked at. A failure is not kept: the next call looks again, with new instances, since a backend may keep
 * what it found out.
 *
 * <p>Thread-safe. Making a backend usable may take seconds; one thread does it, and others that need it meanwhile wait
 * for that result, without a lock being held. Backends that were asked and not chosen are closed at once, the chosen
 * one by {@link #close()}; a backend from the options belongs to the application and is never closed here.
 */
public final class BackendSelector implements AutoCloseable {
    /** The system property that names a backend. */
    public static final String PROPERTY = "genv.backend";

    /** The identifier of the backend with simulated devices. */
    public static final String SIMULATED = "simulated";

    private static final String HOW_TO_CHOOSE =
            "choose one by its identifier with -D" + PROPERTY + "=<id> or GenvOptions.builder().backendId(\"<id>\")";
    private static final String HOW_TO_GET = "put a backend such as genv.nvml on the module path or class path, or use"
            + " simulated devices: genv.testkit with -D" + PROPERTY + "=" + SIMULATED;

    /** One look at the backends, and the thread that does it. */
    private record Attempt(Thread owner, CompletableFuture<DeviceBackend> result) {}

    private final GenvOptions options;
    private final VariableStore variables;
    private final Supplier<BackendCandidates> installed;

    /** The attempt that is under way or has succeeded; null before the first one and after a failure. */
    private final AtomicReference<@Nullable Attempt> current = new AtomicReference<>();

    BackendSelector(GenvOptions options, VariableStore variables, Supplier<BackendCandidates> installed) {
        this.options = options;
        this.variables = variables;
        this.installed = installed;
    }

    /**
     * Creates a selector; nothing is looked at yet.
     *
     * @param variables where {@value VariableNames#GENV_MOCK_DEVICE_COUNT} is looked up
     */
    public static BackendSelector of(GenvOptions options, VariableStore variables) {
        return new BackendSelector(options, variables, BackendCandidates::load);
    }

    /**
     * Returns the chosen backend, choosing it first if that has not been done.
     *
     * @throws BackendException if there is no choice, or more than one
     */
    public DeviceBackend backend() {
        Attempt own = new Attempt(Thread.currentThread(), new CompletableFuture<>());
        Attempt other = current.compareAndExchange(null, own);
        if (other != null) {
            return await(other);
        }
        try {
            own.result().complete(choose());
        } catch (RuntimeException | Error e) {
            // First let later callers start anew, then tell those who wait.
            current.compareAndSet(own, null);
            own.result().completeExceptionally(e);
            throw e;
        }
        return own.result().join();
    }

    /** Returns the backend if it has been chosen; never looks for one and never waits. */
    public Optional<DeviceBackend> chosen() {
        Attempt attempt = current.get();
        return attempt != null && isSuccess(attempt)
                ? Optional.of(attempt.result().join())
                : Optional.empty();
    }

    /**
     * Closes the chosen backend, unless it is the application's, or lets it be closed as soon as a choice that is under
     * way is made. What closing throws is dropped. A later call of {@link #backend()} chooses anew.
     */
    @Override
    public void close() {
        Attempt attempt = current.getAndSet(null);
        if (attempt != null && options.backend().isEmpty()) {
            var _ = attempt.result().thenAccept(BackendSelector::closeQuietly);
        }
    }

    private static boolean isSuccess(Attempt attempt) {
        return attempt.result().isDone() && !attempt.result().isCompletedExceptionally();
    }

    private static DeviceBackend await(Attempt attempt) {
        if (attempt.owner().equals(Thread.currentThread()) && !attempt.result().isDone()) {
            throw new BackendException("devices were asked for by a backend while it was being looked at; a backend"
                    + " must not use the host from its constructor, id() or availability()");
        }
        try {
            return attempt.result().join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof BackendException failure) {
                // Each caller gets an exception of its own: the stack trace says who asked.
                throw new BackendException(String.valueOf(failure.getMessage()), failure);
            }
            throw new BackendException("choosing a device backend failed: reason=" + cause, cause);
        }
    }

    private DeviceBackend choose() {
        if (options.backend().isPresent()) {
            return usable(options.backend().get());
        }
        Optional<Request> request = request();
        BackendCandidates candidates = installed.get();
        return request.isPresent() ? named(request.get(), candidates) : onlyUsable(candidates);
    }

    /** A backend asked for by its identifier, and where. */
    private record Request(String id, String source) {}

    private Optional<Request> request() {
        if (options.backendId().isPresent()) {
            return Optional.of(new Request(options.backendId().get(), "GenvOptions.backendId"));
        }
        String property = System.getProperty(PROPERTY, "").strip();
        if (!property.isEmpty()) {
            return Optional.of(new Request(property, "system property " + PROPERTY));
        }
        if (variables.get(VariableNames.GENV_MOCK_DEVICE_COUNT).orElse("").isBlank()) {
            return Optional.empty();
        }
        return Optional.of(new Request(SIMULATED, "environment variable " + VariableNames.GENV_MOCK_DEVICE_COUNT));
    }

    private static DeviceBackend usable(DeviceBackend explicit) {
        Optional<String> reason = whyNot(explicit);
        if (reason.isPresent()) {
            throw new BackendException("the given device backend is not usable: class="
                    + explicit.getClass().getName() + ", reason=" + reason.get());
        }
        return explicit;
    }

    private static DeviceBackend named(Request request, BackendCandidates candidates) {
        List<Candidate> matches = candidates.found().stream()
                .filter(candidate -> candidate.id().equals(request.id()))
                .toList();
        String asked = "id=" + request.id() + ", asked for by=" + request.source();
        if (matches.isEmpty()) {
            throw new BackendException("no device backend has this identifier: " + asked + ", installed="
                    + candidates.found().stream().map(Candidate::id).sorted().toList() + ", failed="
                    + candidates.problems()
                    + "; correct the identifier, or put the backend on the module path or class path");
        }
        if (matches.size() > 1) {
            throw new BackendException("several device backends have this identifier: " + asked + ", classes="
                    + matches.stream().map(Candidate::className).toList() + "; leave out all but one");
        }
        DeviceBackend backend = matches.get(0).backend();
        Optional<String> reason = whyNot(backend);
        if (reason.isPresent()) {
            closeQuietly(backend);
            throw new BackendException("the device backend is not usable: " + asked + ", reason=" + reason.get());
        }
        return backend;
    }

    private static DeviceBackend onlyUsable(BackendCandidates candidates) {
        List<Candidate> usable = new ArrayList<>();
        List<String> looked = new ArrayList<>();
        for (String problem : candidates.problems()) {
            log("device backend not usable: " + problem);
        }
        for (Candidate candidate : candidates.found()) {
            Optional<String> reason = whyNotByItself(candidate.backend());
            if (reason.isEmpty()) {
                usable.add(candidate);
            } else {
                closeQuietly(candidate.backend());
                looked.add(candidate.id() + " (" + reason.get() + ")");
                log("device backend not chosen: id=" + candidate.id() + " reason=" + reason.get());
            }
        }
        if (usable.size() == 1) {
            return usable.get(0).backend();
        }
        usable.forEach(candidate -> closeQuietly(candidate.backend()));
        if (usable.isEmpty()) {
            looked.addAll(candidates.problems());
            throw new BackendException(
                    looked.isEmpty()
                            ? "no device backend is installed; " + HOW_TO_GET
                            : "no device backend is usable: looked at=" + looked + "; " + HOW_TO_GET);
        }
        throw new BackendException("several device backends are usable: "
                + usable.stream()
                        .map(candidate -> candidate.id() + "=" + candidate.className())
                        .toList()
                + "; " + HOW_TO_CHOOSE);
    }

    private static Optional<String> whyNotByItself(DeviceBackend backend) {
        try {
            if (backend.onRequestOnly()) {
                return Optional.of("only on request");
            }
        } catch (RuntimeException | LinkageError e) {
            return Optional.of("failed while it was asked: " + e);
        }
        return whyNot(backend);
    }

    /** Returns why a backend cannot be used, or empty where it can. */
    private static Optional<String> whyNot(DeviceBackend backend) {
        Availability availability;
        try {
            availability = backend.availability();
        } catch (GenvException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (RuntimeException | LinkageError e) {
            return Optional.of("failed while it was asked: " + e);
        }
        if (availability instanceof Availability.Unavailable unavailable) {
            return Optional.of(unavailable.reason());
        }
        return availability == null ? Optional.of("does not say whether it is usable") : Optional.empty();
    }

    private static void log(String message) {
        System.getLogger("genv.core.backend").log(Level.DEBUG, message);
    }

    private static void closeQuietly(DeviceBackend backend) {
        try {
            backend.close();
        } catch (RuntimeException | LinkageError e) {
            // It is not used; why another one is chosen, or none, is what matters.
        }
    }
}
