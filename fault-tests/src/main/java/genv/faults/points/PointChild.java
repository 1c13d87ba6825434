// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

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

/**
 * A process that begins operations and is stopped in the middle of each: one thread for each, each on a host of its own.
 *
 * <p>Arguments: none. Is told {@code OPERATION POINT DIRECTORY}, prepares and says {@code prepared}; is told {@code go} and
 * says {@code crash point POINT} when the operation has come there.
 */
final class PointChild implements ChildTask {
    static final String OPTION = "-Dgenv.crashpoint=";

    @Override
    public void run(ChildContext context) throws Exception {
        System.setOut(new PrintStream(lines(context), true, StandardCharsets.UTF_8));
        while (true) {
            String[] told = context.receive().split(" ", 3);
            PointOperation operation = PointOperation.valueOf(told[0]);
            Runnable action = operation.prepare(() -> open(Path.of(told[2])));
            context.send("prepared");
            context.await("go");
            System.setProperty("genv.crashpoint", told[1]);
            Thread.ofPlatform().name(told[0] + " " + told[1]).daemon().start(() -> {
                action.run();
                context.send("was not stopped: " + operation);
            });
        }
    }

    private static GenvHost open(Path directory) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(PointOperation.DEVICES))
                .processEnvironment(false)
                .build());
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
