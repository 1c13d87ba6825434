// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Begins an operation and stops at a step of it. Arguments: the state directory, the operation, the crash point. */
final class KilledChild implements ChildTask {
    static final EnvConfig SHARES = EnvConfig.builder().gpus(2).gpuMemory("4g").build();

    /** What it is doing. */
    enum Operation {
        ACTIVATE,
        ATTACH,
        GROW,
        SHRINK,
        DETACH,
        LEAVE,
        LOCK
    }

    static GenvHost open(Path directory) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(3, "16g"))
                .processEnvironment(false)
                .build());
    }

    @Override
    public void run(ChildContext context) {
        List<String> arguments = context.arguments();
        System.setOut(new PrintStream(lines(context), true, StandardCharsets.UTF_8));
        Operation operation = Operation.valueOf(arguments.get(1));
        try (GenvHost host = open(Path.of(arguments.getFirst()))) {
            ActivationRequest request = ActivationRequest.of(SHARES).eid("victim");
            Runnable step = operation == Operation.ACTIVATE
                    ? () -> host.activate(request)
                    : step(operation, host, host.activate(request));
            System.setProperty("genv.crashpoint", arguments.get(2));
            step.run();
            context.send("was not stopped");
        }
    }

    private static Runnable step(Operation operation, GenvHost host, Activation activation) {
        return switch (operation) {
            case ATTACH -> () -> host.attach(DeviceRequest.gpus(3));
            case GROW -> () -> host.configure(SHARES.toBuilder().gpuMemory("6g").build());
            case SHRINK ->
                () -> host.configure(SHARES.toBuilder().gpuMemory("2g").build());
            case DETACH -> host::detach;
            case LOCK -> host::lock;
            case ACTIVATE, LEAVE -> activation::close;
        };
    }

    private static OutputStream lines(ChildContext context) {
        return new ByteArrayOutputStream() {
            @Override
            public synchronized void flush() {
                String text = toString(StandardCharsets.UTF_8);
                if (text.endsWith("\n")) {
                    reset();
                    context.send(text.strip());
                }
            }
        };
    }
}
