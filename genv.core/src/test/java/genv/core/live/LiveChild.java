// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Another process that holds tokens, asks for them, or judges processes. */
final class LiveChild {
    private LiveChild() {}

    public static void main(String[] arguments) throws IOException {
        switch (arguments[0]) {
            case "hold" -> {
                LifeLocks locks = LifeLocks.open(Path.of(arguments[1]));
                for (int i = 2; i < arguments.length; i++) {
                    System.out.println(locks.tryHold(Long.parseLong(arguments[i])));
                }
                untilInputEnds();
                locks.close();
            }
            case "share" -> {
                try (FileChannel channel = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.READ);
                        FileLock lock = channel.lock(Long.parseLong(arguments[2]), 1, true)) {
                    System.out.println(lock.isShared());
                    untilInputEnds();
                }
            }
            case "ask" -> {
                try (LifeLocks locks = LifeLocks.open(Path.of(arguments[1]))) {
                    for (int i = 2; i < arguments.length; i++) {
                        System.out.println(locks.isHeld(Long.parseLong(arguments[i])));
                    }
                }
            }
            case "identity" -> {
                ProcessIdentity self = ProcessIdentity.current();
                System.out.println(self.pid());
                System.out.println(self.startTicks());
                System.out.println(self.pidNamespace());
                untilInputEnds();
            }
            case "judge" -> {
                for (int i = 1; i < arguments.length; i += 3) {
                    System.out.println(new ProcessIdentity(
                                    Long.parseLong(arguments[i]),
                                    Long.parseLong(arguments[i + 1]),
                                    Long.parseLong(arguments[i + 2]))
                            .isAlive());
                }
                System.out.println(ProcessIdentity.current().isAlive());
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void untilInputEnds() throws IOException {
        while (System.in.read() >= 0) {
            // the test speaks only by closing
        }
    }
}
