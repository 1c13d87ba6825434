// SPDX-License-Identifier: Apache-2.0
package genv.it.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/**
 * Structured subtasks are in the environment of the task that forks them.
 *
 * <p>{@code StructuredTaskScope} is a preview of Java 25, so it is called through reflection, in a child with
 * {@code --enable-preview}: classes that are compiled against it would not load without that.
 */
@GenvTest
class StructuredTasksTest {
    static final class Forks implements ChildTask {
        @Override
        public void run(ChildContext context) throws Exception {
            Class<?> scopes = Class.forName("java.util.concurrent.StructuredTaskScope");
            Class<?> subtasks = Class.forName("java.util.concurrent.StructuredTaskScope$Subtask");
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(Path.of(context.arguments().getFirst()))
                    .backend(SimulatedBackend.of(2))
                    .processEnvironment(false)
                    .build();
            ActivationRequest request =
                    ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("task");
            try (GenvHost host = GenvHost.open(options)) {
                host.<Boolean, Exception>call(request, () -> {
                    try (AutoCloseable scope =
                            (AutoCloseable) scopes.getMethod("open").invoke(null)) {
                        Callable<String> child = () -> host.eid().orElse("none") + " " + host.attached();
                        Object subtask =
                                scopes.getMethod("fork", Callable.class).invoke(scope, child);
                        scopes.getMethod("join").invoke(scope);
                        context.send("subtask " + subtasks.getMethod("get").invoke(subtask));
                    }
                    return true;
                });
                context.send("left " + host.snapshot().envs().size());
            }
        }
    }

    @Test
    void shouldInheritTheEnvironmentOfTheTask(GenvHosts hosts) {
        try (ChildJvm child = ChildJvm.of(Forks.class)
                .arguments(hosts.stateDirectory().toString())
                .jvmOptions("--enable-preview")
                .start()) {
            assertThat(child.expect("subtask")).isEqualTo("task [0]");
            assertThat(child.expect("left")).isEqualTo("0");
            child.awaitExit();
        }
    }
}
