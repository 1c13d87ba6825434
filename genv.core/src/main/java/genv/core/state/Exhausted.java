// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

/** That others use up what a transition needs: the cause of what its caller is told, and a reason to try again later. */
final class Exhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Exhausted(String what, int all) {
        super("all are in use: " + what + "=" + all, null, false, false);
    }
}
