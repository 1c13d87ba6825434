// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

/** Finds the JVM below its wrapper. */
final class ChildProcesses {
    private ChildProcesses() {}

    /**
     * Follows a chain of processes to its end. Called before the task runs, when the JVM has no children of its own.
     * The pid by which the JVM knows itself is of no use for this: in another pid namespace it is another one.
     */
    static ProcessHandle last(ProcessHandle first) {
        ProcessHandle last = first;
        for (boolean more = true; more; ) {
            ProcessHandle below = last.children().findFirst().orElse(null);
            more = below != null;
            if (below != null) {
                last = below;
            }
        }
        return last;
    }
}
