// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Another process on a state directory with two devices. Answers {@code ok} and a result to each command, or
 * {@code refused}, the exception's type and its message.
 *
 * <pre>
 * activate EID GPUS   the devices     leave               nothing
 * lease EID GPUS MILLIS   the devices, for that time
 * adopt PID           nothing         start COMMAND…      the pid of a process that is a member
 * read                bytes read of the two files by the application itself
 * envs                identifiers, sorted     wait EID GPUS   nothing, and waits for them from then on
 * </pre>
 */
final class Neighbour implements ChildTask {
    static final int DEVICES = 2;

    private volatile @Nullable Activation activation;
    private final List<Process> started = new ArrayList<>();

    static GenvOptions options(Path state) {
        return GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(DEVICES))
                .processEnvironment(false)
                .build();
    }

    static EnvConfig gpus(int count) {
        return EnvConfig.builder().gpus(count).build();
    }

    static ChildJvm.Builder on(Path state) {
        return ChildJvm.of(Neighbour.class).arguments(state.toString());
    }

    /** {@return the result of a command that must be granted} */
    static String ok(ChildJvm neighbour, String command) {
        neighbour.tell(command);
        return neighbour.expect("ok");
    }

    /** {@return type and message of the exception by which a command must be refused} */
    static String refused(ChildJvm neighbour, String command) {
        neighbour.tell(command);
        return neighbour.expect("refused");
    }

    @Override
    public void run(ChildContext context) throws Exception {
        Path state = Path.of(context.arguments().getFirst());
        try (GenvHost host = GenvHost.open(options(state))) {
            while (true) {
                String[] words = context.receive().split(" ");
                try {
                    context.send("ok " + obey(host, state, words));
                } catch (GenvException e) {
                    context.send("refused " + e.getClass().getSimpleName() + " " + e.getMessage());
                }
            }
        }
    }

    private String obey(GenvHost host, Path state, String[] words) throws IOException {
        return switch (words[0]) {
            case "activate" -> {
                Activation made = host.activate(
                        ActivationRequest.of(gpus(Integer.parseInt(words[2]))).eid(words[1]));
                activation = made;
                yield made.devices().toString();
            }
            case "lease" -> {
                Activation made = host.activate(ActivationRequest.of(gpus(Integer.parseInt(words[2])))
                        .eid(words[1])
                        .lease(Duration.ofMillis(Long.parseLong(words[3]))));
                activation = made;
                yield made.devices().toString();
            }
            case "wait" -> {
                ActivationRequest request = ActivationRequest.of(gpus(Integer.parseInt(words[2])))
                        .eid(words[1])
                        .waitUpTo(Duration.ofHours(1));
                Thread.ofPlatform().daemon().start(() -> activation = host.activate(request));
                yield "";
            }
            case "leave" -> {
                active().close();
                yield "";
            }
            case "adopt" -> {
                active().adopt(ProcessHandle.of(Long.parseLong(words[1])).orElseThrow());
                yield "";
            }
            case "start" -> {
                Process process =
                        active().start(new ProcessBuilder(List.of(words).subList(1, words.length)));
                started.add(process);
                yield Long.toString(process.pid());
            }
            case "read" ->
                Integer.toString(Files.readAllBytes(state.resolve("genv.live")).length
                        + Files.readAllBytes(state.resolve("genv.state")).length);
            case "envs" ->
                host.snapshot().envs().stream().map(EnvInfo::eid).sorted().collect(Collectors.joining(","));
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private Activation active() {
        Activation now = activation;
        if (now == null) {
            throw new IllegalStateException("nothing was activated");
        }
        return now;
    }
}
