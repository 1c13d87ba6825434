// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import genv.api.Activation;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Takes one whole device at a time beside Python processes, and claims it with the referee, where a second claim fails.
 * Arguments: state directory, referee directory, rounds. Says how often it had one.
 */
final class MixedWorker implements ChildTask {
    @Override
    public void run(ChildContext context) throws IOException {
        Path referee = Path.of(context.arguments().get(1));
        int taken = 0;
        try (GenvHost host = new PythonState(Path.of(context.arguments().getFirst())).open()) {
            for (int i = Integer.parseInt(context.arguments().get(2)); i > 0; i--) {
                try (Activation activation =
                        host.activate(EnvConfig.builder().gpus(1).build())) {
                    for (int index : activation.devices()) {
                        Path claim = Files.createFile(referee.resolve("device-" + index));
                        taken++;
                        Files.delete(claim);
                    }
                } catch (DevicesUnavailableException none) {
                    // an answer too
                }
            }
        }
        context.send("taken " + taken);
    }
}
