// SPDX-License-Identifier: Apache-2.0
package genv.it.packaging;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import java.nio.file.Files;
import java.nio.file.Path;

/** A program whose devices are those of the small NVML, some of which are lost while it runs. */
public final class NvmlProgram {
    private NvmlProgram() {}

    /** Takes a state directory, and the directory by which the small NVML is controlled. */
    public static void main(String[] arguments) throws Exception {
        Path control = Path.of(arguments[1]);
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(Path.of(arguments[0]))
                .backendId("nvml")
                .build();
        try (GenvHost host = GenvHost.open(options)) {
            System.out.println("devices " + host.snapshot().devices().size());
            activate(host, 4);
            Path lost = Files.writeString(control.resolve("code.1"), "15");
            activate(host, 5);
            activate(host, 4);
            activate(host, 3);
            activate(host, 1);
            Files.delete(lost);
            Files.createFile(control.resolve("reload"));
            activate(host, 4);
        }
    }

    private static void activate(GenvHost host, int gpus) {
        EnvConfig config = EnvConfig.builder().gpus(gpus).build();
        try (Activation env = host.activate(config)) {
            System.out.println("asked " + gpus + " given " + env.devices() + " visible "
                    + env.variables().get("CUDA_VISIBLE_DEVICES"));
        } catch (GenvException e) {
            System.out.println("asked " + gpus + " refused " + e.getMessage());
        }
    }
}
