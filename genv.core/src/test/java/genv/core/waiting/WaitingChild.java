// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import java.time.Duration;

/** A process that waits for all devices. Arguments: state directory, number of devices. Says {@code got}, is told to go. */
final class WaitingChild implements ChildTask {
    @Override
    public void run(ChildContext context) throws InterruptedException {
        int devices = Integer.parseInt(context.arguments().get(1));
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(Path.of(context.arguments().getFirst()))
                .backend(SimulatedBackend.of(devices))
                .processEnvironment(false)
                .build();
        ActivationRequest request =
                ActivationRequest.of(EnvConfig.builder().gpus(devices).build()).waitUpTo(Duration.ofMinutes(5));
        try (GenvHost host = GenvHost.open(options)) {
            // loads the classes: a process that takes long for that when it is called is passed over
            host.run(ActivationRequest.of(EnvConfig.empty()), () -> {});
            context.send("opened");
            context.await("wait");
            try (Activation activation = host.activate(request)) {
                context.send("got " + activation.devices().size());
                context.await("go");
            }
        }
        context.send("gone");
    }
}
