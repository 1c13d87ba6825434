// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

/** The state moved on while it was read: start over. Never leaves the package. */
final class RaceLost extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("StaticAssignmentOfThrowable") // has no stack trace: it is control flow, and a frequent one
    static final RaceLost INSTANCE = new RaceLost();

    private RaceLost() {
        super("the state moved on", null, false, false);
    }
}
