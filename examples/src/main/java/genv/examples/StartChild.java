// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.util.List;

/** A child process in the environment of this one. */
public final class StartChild {
    private StartChild() {}

    /** Starts the command that is given, or a shell that shows what it may use. */
    public static void main(String[] args) throws Exception {
        List<String> command =
                args.length > 0 ? List.of(args) : List.of("sh", "-c", "echo child sees $CUDA_VISIBLE_DEVICES");
        EnvConfig config = EnvConfig.builder().name("training").gpus(1).build();
        try (Activation env = Genv.activate(config)) {
            Process child = env.start(new ProcessBuilder(command).inheritIO());
            int status = child.waitFor();
            System.out.println("child ended with status " + status);
        }
        // A child that were still running would be a member of the environment until its end, and keep its devices.
    }
}
