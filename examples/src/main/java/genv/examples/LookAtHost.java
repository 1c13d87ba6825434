// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.DeviceInfo;
import genv.api.EnvInfo;
import genv.api.Genv;
import genv.api.Snapshot;

/** Who has which device, and who waits. */
public final class LookAtHost {
    private LookAtHost() {}

    /** Prints the host as it is at one instant. */
    public static void main(String[] args) {
        Snapshot snapshot = Genv.snapshot();
        for (EnvInfo env : snapshot.envs()) {
            System.out.println(
                    env.eid() + " of " + env.username() + " has " + env.devices() + ", members " + env.pids());
        }
        for (DeviceInfo device : snapshot.devices()) {
            System.out.println("device " + device.index() + " " + device.name().orElse("?")
                    + ": attached to " + device.attachments().size()
                    + ", locked by " + device.lockHolders().size()
                    + ", waited for by " + device.waiters().size());
        }
    }
}
