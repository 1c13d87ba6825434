// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import java.nio.file.Path;

/** A state directory that only a group can use. */
public final class GroupHost {
    private GroupHost() {}

    /** The argument is the directory, which is created if it does not exist. */
    public static void main(String[] args) {
        Path directory = Path.of(args[0]);
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(directory)
                .sharing(GenvOptions.Sharing.GROUP)
                .build();
        try (GenvHost host = GenvHost.open(options);
                Activation env = host.activate(EnvConfig.builder().gpus(1).build())) {
            System.out.println("devices " + env.devices());
        }
    }
}
