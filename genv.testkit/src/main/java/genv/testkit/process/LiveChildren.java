// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The children that run now; they are killed when this JVM ends, however a test left them. When this JVM is itself
 * killed they end by the end of their standard input, a stopped one as soon as it is resumed.
 */
final class LiveChildren {
    private static final Set<ProcessHandle> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform()
                        .name("genv-testkit-children")
                        .unstarted(() -> RUNNING.forEach(ProcessHandle::destroyForcibly)));
    }

    private LiveChildren() {}

    static void add(ProcessHandle process) {
        RUNNING.add(process);
        var _ = process.onExit().thenAccept(RUNNING::remove);
    }
}
