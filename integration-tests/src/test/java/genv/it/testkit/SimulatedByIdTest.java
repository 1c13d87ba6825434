// SPDX-License-Identifier: Apache-2.0
package genv.it.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import genv.api.ActivationRequest;
import genv.api.BackendException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Simulated devices as a user without devices gets them: by their id and two environment variables. */
class SimulatedByIdTest {
    @TempDir
    Path directory;

    @Test
    void shouldBeUsedWhenNamedBySystemProperty() {
        try (ChildJvm child = counts().jvmOptions("-Dgenv.backend=simulated")
                .environment("GENV_MOCK_DEVICE_COUNT", "5")
                .start()) {
            assertEquals("5", child.expect("devices"));
            child.awaitExit();
        }
    }

    @Test
    void shouldSayWhatIsWrongWithVariable() {
        try (ChildJvm child = counts().jvmOptions("-Dgenv.backend=simulated")
                .environment("GENV_MOCK_DEVICE_COUNT", "many")
                .start()) {
            String message = child.expect("refused");
            assertTrue(message.contains("GENV_MOCK_DEVICE_COUNT=many"), message);
            child.awaitExit();
        }
    }

    private ChildJvm.Builder counts() {
        return ChildJvm.of(CountsDevices.class)
                .arguments(directory.resolve("state").toString());
    }

    static final class CountsDevices implements ChildTask {
        @Override
        public void run(ChildContext context) {
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(Path.of(context.arguments().getFirst()))
                    .build();
            try (GenvHost host = GenvHost.open(options)) {
                // attaching needs the devices, where a snapshot shows what there is
                host.run(
                        ActivationRequest.of(EnvConfig.builder().gpus(1).build()),
                        () -> context.send(
                                "devices " + host.snapshot().devices().size()));
            } catch (BackendException e) {
                context.send("refused " + String.valueOf(e.getMessage()).replace('\n', ' '));
            }
        }
    }
}
