// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.core.os.ErrnoException;
import genv.core.os.NativeFile;

/**
 * A file that only its creator knows yet.
 *
 * <p>Closing it removes it, unless it was {@linkplain #release() released} because it has its final name.
 */
final class PrivateFile implements AutoCloseable {
    private final StateDirectory directory;
    private final String name;
    private final NativeFile file;
    private boolean released;

    PrivateFile(StateDirectory directory, String name, NativeFile file) {
        this.directory = directory;
        this.name = name;
        this.file = file;
    }

    String name() {
        return name;
    }

    NativeFile file() {
        return file;
    }

    /** Hands the open file over to somebody who closes it. */
    NativeFile release() {
        released = true;
        return file;
    }

    @Override
    public void close() {
        if (released) {
            return;
        }
        try {
            directory.directory().unlink(name);
        } catch (ErrnoException goneOrLeftBehind) {
            // published under its final name, or the next creator removes it
        }
        file.close();
    }
}
