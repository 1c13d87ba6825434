// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.api.GenvException;
import genv.api.GenvOptions.Sharing;
import java.nio.file.Path;

/** Another process that opens a state directory and a file in it, and prints what it got. */
final class FileChild {
    static final long VALUE = 0x67656e76L;

    private FileChild() {}

    public static void main(String[] arguments) {
        Path path = Path.of(arguments[0]);
        Sharing sharing = Sharing.valueOf(arguments[1]);
        long size = Long.parseLong(arguments[2]);
        try (StateDirectory directory = StateDirectory.open(path, sharing)) {
            directory.ensureFile("genv.live");
            try (SharedFile file = SharedFile.openOrCreate(
                    directory, "genv.state", size, segment -> segment.set(JAVA_LONG, size - 8, VALUE))) {
                System.out.println((file.isCreated() ? "created " : "opened ")
                        + Long.toHexString(file.segment().get(JAVA_LONG, size - 8)));
            }
        } catch (GenvException refused) {
            System.out.println(refused.getClass().getSimpleName() + ": " + refused.getMessage());
        }
    }

    /** Creates the file and dies while it is being filled. */
    static final class Dying {
        public static void main(String[] arguments) {
            StateDirectory directory = StateDirectory.open(Path.of(arguments[0]), Sharing.EVERYONE);
            SharedFile.openOrCreate(directory, "genv.state", 8192, segment -> {
                segment.set(JAVA_LONG, 0, VALUE);
                System.out.println("fills");
                while (true) {
                    Thread.onSpinWait();
                }
            });
        }
    }
}
