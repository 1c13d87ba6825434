// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A user of the library in a class loader of its own, spoken to in types of the JDK alone. */
public final class Copy implements UnaryOperator<String> {
    private @Nullable GenvHost host;

    /** For the loader. */
    public Copy() {}

    @Override
    public String apply(String command) {
        String[] words = command.split(" ", -1);
        return switch (words[0]) {
            case "activate" -> {
                GenvHost opened = GenvHost.open(Neighbour.options(Path.of(words[1])));
                host = opened;
                Activation activation =
                        opened.activate(ActivationRequest.of(Neighbour.gpus(1)).eid(words[2]));
                yield activation.devices().toString();
            }
            case "greedy" -> {
                try {
                    open().run(ActivationRequest.of(Neighbour.gpus(1)), () -> {});
                    yield "granted";
                } catch (DevicesUnavailableException e) {
                    yield "refused";
                }
            }
            case "envs" ->
                open().snapshot().envs().stream().map(EnvInfo::eid).sorted().collect(Collectors.joining(","));
            default -> {
                open().close();
                yield "";
            }
        };
    }

    private GenvHost open() {
        GenvHost opened = host;
        if (opened == null) {
            throw new IllegalStateException("nothing is open");
        }
        return opened;
    }
}
