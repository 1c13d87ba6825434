// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import genv.api.StateException;
import genv.core.live.ProcessIdentity;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Another process that asks which boot and which processes these are while it has no descriptor left, and then again. */
final class DescriptorsChild {
    private DescriptorsChild() {}

    public static void main(String[] arguments) throws IOException, ClassNotFoundException {
        ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
        // without a descriptor no class can be loaded: so all that fails has failed before
        for (Path odd : List.of(Path.of("/proc/self/comm"), Path.of("/proc/none"), Path.of("/dev/null"))) {
            say(() -> BootId.read(odd));
        }
        say(() -> BootId.read(BootId.FILE));
        say(() -> {
            throw new StateException("none");
        });
        Class.forName("genv.core.os.BootClock", false, DescriptorsChild.class.getClassLoader());
        ProcessIdentity.of(parent);
        ProcessStat.read(Integer.MAX_VALUE);
        Processes.exists(parent.pid());
        String expected = Files.readString(BootId.FILE).strip();

        List<FileInputStream> open = new ArrayList<>();
        try {
            while (true) {
                open.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException full) {
            // as it should be
        }
        String boot = say(BootId::current);
        String clock = say(BootClock::millis);
        String process = say(() -> ProcessIdentity.of(parent));
        for (FileInputStream file : open) {
            file.close();
        }
        System.out.println("boot id " + boot);
        System.out.println("process " + (process.startsWith("failed") ? "failed" : process));
        System.out.println("clock " + clock);

        BootId now = BootId.current();
        System.out.println("boot id " + (expected.equals(new UUID(now.high(), now.low()).toString()) ? "right" : now));
        Optional<ProcessIdentity> identity = ProcessIdentity.of(parent);
        boolean isTold = identity.isPresent() && identity.get().startTicks() > 0;
        System.out.println("process " + (isTold ? "right" : identity));
        System.out.println("clock " + BootClock.millis());
    }

    private static String say(Call call) {
        try {
            return String.valueOf(call.result());
        } catch (IOException | StateException failure) {
            return "failed " + failure;
        }
    }

    private interface Call {
        Object result() throws IOException;
    }
}
