// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.Genv;

/** A task that needs more devices for a part of its work. */
public final class NestedTasks {
    private NestedTasks() {}

    /** Works on one device, then on two more for a while, then on the first one again. */
    public static void main(String[] args) {
        Genv.run(gpus(1), () -> {
            System.out.println("prepare on " + Genv.attached());
            int loss = Genv.call(gpus(2), NestedTasks::train); // the inner environment counts in there
            System.out.println("evaluate on " + Genv.attached() + ", loss " + loss);
        });
    }

    /** A library: it is told nothing, and sees the environment that it is called in. */
    private static int train() {
        System.out.println("train on " + Genv.attached());
        return 0;
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }
}
