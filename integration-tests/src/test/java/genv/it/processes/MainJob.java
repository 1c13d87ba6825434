// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The main job: a program that names nothing of genv but {@code genv.api}. It is given a device of its own, looks who else
 * is on the host, and then takes turns on devices that it shares on purpose.
 *
 * <p>Arguments: a file that there is only while somebody has the turn, and a file to count the turns in. It says what it
 * has reached, and goes on at each line that it is sent.
 */
public final class MainJob {
    private static final int TURNS = 100;

    private MainJob() {}

    public static void main(String[] arguments) throws IOException {
        Path turn = Path.of(arguments[0]);
        Path count = Path.of(arguments[1]);
        EnvConfig one = EnvConfig.builder().name("main-job").gpus(1).build();
        try (Activation activation = Genv.activate(one)) {
            System.out.println("given " + activation.devices().getFirst());
            goOn();
            System.out.println("sees " + Genv.snapshot().envs().size());
            goOn();
        }
        EnvConfig all = EnvConfig.builder().gpus(2).build();
        try (Activation activation = Genv.activate(ActivationRequest.of(all).overSubscribed())) {
            System.out.println("shares " + activation.devices().size());
            goOn();
            for (int i = 0; i < TURNS; i++) {
                try (DeviceLock _ = Genv.lock()) {
                    Files.createFile(turn); // fails if somebody else has the turn
                    Files.writeString(count, Integer.toString(Integer.parseInt(Files.readString(count)) + 1));
                    Files.delete(turn);
                }
            }
            System.out.println("took " + TURNS);
            goOn();
        }
        System.out.println("left " + Genv.active());
    }

    private static void goOn() throws IOException {
        int read;
        do {
            read = System.in.read();
        } while (read >= 0 && read != '\n');
    }
}
