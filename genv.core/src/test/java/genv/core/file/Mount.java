// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.core.os.Shell;
import java.nio.file.Path;

/** A file system mounted for one test; skips the test where mounting is not permitted. */
record Mount(Path path) implements AutoCloseable {
    static Mount tmpfs(Path path, String options) {
        Shell.runIfPermitted("mount", "-t", "tmpfs", "-o", options, "tmpfs", path.toString());
        return new Mount(path);
    }

    void remount(String options) {
        Shell.run("mount", "-o", "remount," + options, path.toString());
    }

    @Override
    public void close() {
        Shell.run("umount", path.toString());
    }
}
