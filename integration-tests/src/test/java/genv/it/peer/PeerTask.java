// SPDX-License-Identifier: Apache-2.0
package genv.it.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.PlacementPolicy;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The peer's side: does what each line tells and answers {@code done <result>} or {@code failed <type> <message>}.
 *
 * <p>Arguments: {@code default} for the static face {@link genv.api.Genv}; or the state directory, the number of simulated
 * devices and their memory, for a host of its own.
 */
final class PeerTask implements ChildTask {
    private final Deque<DeviceLock> locks = new ArrayDeque<>();
    private @Nullable Activation activation;
    private Optional<Process> sleeper = Optional.empty();

    @Override
    public void run(ChildContext context) throws Exception {
        try (GenvHost host = open(context.arguments())) {
            while (true) {
                String line = context.receive();
                if (line.equals("exit")) {
                    return;
                }
                context.send(answer(host, line));
            }
        }
    }

    private static GenvHost open(List<String> arguments) {
        if (arguments.getFirst().equals("default")) {
            return new GenvFace();
        }
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(Path.of(arguments.get(0)))
                .backend(SimulatedBackend.of(Integer.parseInt(arguments.get(1)), arguments.get(2)))
                .processEnvironment(false)
                .build());
    }

    private String answer(GenvHost host, String line) {
        try {
            return ("done " + obey(host, new Command(line))).strip();
        } catch (Exception e) {
            return "failed " + e.getClass().getSimpleName() + " "
                    + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }

    private Object obey(GenvHost host, Command command) throws IOException, InterruptedException {
        return switch (command.word()) {
            case "active" -> host.active();
            case "eid" -> host.eid().orElse("");
            case "activate" -> activate(host, command);
            case "close" -> close();
            case "variables" -> open().variables();
            case "devices" -> open().devices();
            case "configure" -> configure(host, command.config());
            case "configuration" -> host.configuration();
            case "refreshConfiguration" -> host.refreshConfiguration();
            case "loadConfiguration" -> host.loadConfiguration();
            case "saveConfiguration" -> {
                host.saveConfiguration();
                yield "";
            }
            case "home" -> host.home().map(Path::toString).orElse("");
            case "attach" -> command.isBare() ? host.attach() : host.attach(command.devices());
            case "attached" -> host.attached();
            case "detach" ->
                command.number("index").isPresent()
                        ? host.detach(command.number("index").get())
                        : host.detach();
            case "refreshAttached" -> host.refreshAttached();
            case "lock" ->
                locked(Optional.of(
                        command.mode().isPresent() ? host.lock(command.mode().get()) : host.lock()));
            case "tryLock" -> locked(tryLock(host, command));
            case "unlock" -> {
                locks.removeLast().close();
                yield "";
            }
            case "leaseEnd" -> host.leaseEnd().isPresent();
            case "renew" -> {
                host.renewLease(Duration.ofMillis(Integer.parseInt(command.argument())));
                yield "";
            }
            case "envs" -> host.snapshot().envs().stream().map(EnvInfo::eid).toList();
            case "call" -> host.call(command.activation(), () -> host.eid().orElse("") + " " + host.attached());
            case "run" -> {
                StringBuilder seen = new StringBuilder();
                host.run(command.activation(), () -> seen.append(host.eid().orElse("")));
                yield seen;
            }
            case "getenv" -> NativeVariable.get(command.argument()).orElse("(none)");
            case "childGetenv" -> printed(open().start(printenv(command.argument())));
            case "appliedGetenv" ->
                printed(open().applyTo(printenv(command.argument())).start());
            case "plainGetenv" -> printed(printenv(command.argument()).start());
            case "startSleeper" -> {
                Process started = open().start(new ProcessBuilder("sleep", "1000"));
                sleeper = Optional.of(started);
                yield started.pid();
            }
            case "endSleeper" -> sleeper.orElseThrow().destroyForcibly().waitFor();
            default -> throw new IllegalArgumentException("unknown command: " + command);
        };
    }

    private Object activate(GenvHost host, Command command) {
        Activation made = command.isBare() ? host.activate() : host.activate(command.activation());
        activation = made;
        return made.eid() + " " + made.devices();
    }

    private Object close() {
        open().close();
        return "";
    }

    private Activation open() {
        Activation open = activation;
        if (open == null) {
            throw new IllegalStateException("nothing was activated");
        }
        return open;
    }

    private static Object configure(GenvHost host, EnvConfig config) {
        host.configure(config);
        return "";
    }

    private Object locked(Optional<DeviceLock> lock) {
        lock.ifPresent(locks::addLast);
        return lock.<Object>map(DeviceLock::devices).orElse("absent");
    }

    private static Optional<DeviceLock> tryLock(GenvHost host, Command command) throws InterruptedException {
        Optional<LockMode> mode = command.mode();
        Optional<Integer> wait = command.number("wait");
        if (wait.isPresent()) {
            Duration limit = Duration.ofMillis(wait.get());
            return mode.isPresent() ? host.tryLock(mode.get(), limit) : host.tryLock(limit);
        }
        return mode.isPresent() ? host.tryLock(mode.get()) : host.tryLock();
    }

    private static ProcessBuilder printenv(String name) {
        return new ProcessBuilder("sh", "-c", "printf %s \"${" + name + "-(none)}\"");
    }

    private static String printed(Process process) throws IOException, InterruptedException {
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return text;
    }

    /** A word, and options: {@code name=value} or a bare flag. */
    private record Command(String line) {
        String word() {
            return line.split(" ", 2)[0];
        }

        String argument() {
            return line.split(" ", 2)[1];
        }

        boolean isBare() {
            return line.indexOf(' ') < 0;
        }

        Optional<String> option(String name) {
            for (String part : line.split(" ", -1)) {
                if (part.startsWith(name + "=")) {
                    return Optional.of(part.substring(name.length() + 1));
                }
            }
            return Optional.empty();
        }

        boolean flag(String name) {
            return List.of(line.split(" ", -1)).contains(name);
        }

        Optional<Integer> number(String name) {
            return option(name).map(Integer::valueOf);
        }

        Optional<LockMode> mode() {
            return option("mode").map(LockMode::valueOf);
        }

        EnvConfig config() {
            EnvConfig.Builder config = EnvConfig.builder();
            option("name").ifPresent(config::name);
            number("gpus").ifPresent(config::gpus);
            option("memory").ifPresent(config::gpuMemory);
            return config.build();
        }

        Optional<PlacementPolicy> placement() {
            return option("placement").map(name -> switch (name) {
                case "bestFit" -> PlacementPolicy.bestFit();
                case "mostIdle" -> PlacementPolicy.mostIdle();
                case "highest" -> PlacementPolicy.by(Comparator.comparingInt(candidate -> -candidate.index()));
                default -> throw new IllegalArgumentException("unknown policy: " + name);
            });
        }

        ActivationRequest activation() {
            ActivationRequest request = ActivationRequest.of(config());
            if (placement().isPresent()) {
                request = request.placement(placement().get());
            }
            if (option("eid").isPresent()) {
                request = request.eid(option("eid").get());
            }
            if (number("wait").isPresent()) {
                request = request.waitUpTo(Duration.ofMillis(number("wait").get()));
            }
            if (number("lease").isPresent()) {
                request = request.lease(Duration.ofMillis(number("lease").get()));
            }
            return flag("over") ? request.overSubscribed() : request;
        }

        DeviceRequest devices() {
            DeviceRequest request = number("index")
                    .map(DeviceRequest::index)
                    .or(() -> number("gpus").map(DeviceRequest::gpus))
                    .orElseGet(DeviceRequest::configured);
            if (placement().isPresent()) {
                request = request.placement(placement().get());
            }
            if (number("wait").isPresent()) {
                request = request.waitUpTo(Duration.ofMillis(number("wait").get()));
            }
            return flag("over") ? request.overSubscribed() : request;
        }
    }
}
