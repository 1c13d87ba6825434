// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.StateException;
import genv.core.variables.VariableNames;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The state directory that {@code GENV_TMPDIR} names.
 *
 * <p>The variable has bytes, and so have the names of files. Where this process would make other bytes of them than the variable
 * has, it would use another directory than the rest of the host, and give out the same devices.
 */
final class DirectoryName {
    /** In which the runtime passes names of files to the system. */
    private static final String ENCODING =
            System.getProperty("sun.jnu.encoding", Charset.defaultCharset().name());

    private DirectoryName() {}

    /** The path of a value that was read as UTF-8. */
    static Path path(String value) {
        if (value.indexOf('\uFFFD') >= 0) { // stands for bytes that are not UTF-8
            throw new StateException(VariableNames.GENV_TMPDIR + " is not in UTF-8: value=" + value
                    + "; choose a directory whose name is");
        }
        byte[] inNames = value.getBytes(Charset.forName(ENCODING));
        if (!Arrays.equals(inNames, value.getBytes(StandardCharsets.UTF_8))) {
            throw new StateException(VariableNames.GENV_TMPDIR
                    + " has characters that file names have in another form in this locale: value=" + value
                    + " encoding="
                    + ENCODING + "; run this program in a UTF-8 locale (LC_ALL=C.UTF-8), or choose another directory");
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException noPath) {
            throw new StateException(
                    VariableNames.GENV_TMPDIR + " is not a path: value=" + value + " reason=" + noPath.getReason()
                            + "; choose another directory",
                    noPath);
        }
    }
}
