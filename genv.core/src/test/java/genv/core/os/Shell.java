// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Assumptions;

/** Runs a program of the system in a test. */
public final class Shell {
    private Shell() {}

    /** Runs a program, which must succeed. */
    public static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.onExit().join().exitValue();
            if (status != 0) {
                throw new AssertionError(String.join(" ", command) + " ended with status " + status + ": " + output);
            }
            return output.strip();
        } catch (IOException absent) {
            return Assumptions.abort("this system has no " + command[0] + ": " + absent.getMessage());
        }
    }

    /** Runs a program that needs rights which the tests may not have; without them the test is skipped. */
    public static void runIfPermitted(String... command) {
        try {
            run(command);
        } catch (AssertionError refused) {
            Assumptions.abort("not permitted here: " + refused.getMessage());
        }
    }
}
