// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.core.os.BootClock;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import genv.testkit.process.Referee;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A child that does a little of everything and leaves an archive of its loaded classes, with which the others start in two
 * thirds of the time. Where the class path has a directory in it the JVM makes no archive, and they start without.
 */
final class Rehearsal implements ChildTask {
    /** The JVM options of the other children. */
    static List<String> archive(Path directory) {
        boolean jars = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .noneMatch(entry -> Files.isDirectory(Path.of(entry)));
        if (!jars) {
            return List.of();
        }
        Path archive = directory.resolve("classes.jsa");
        try (ChildJvm child = ChildJvm.of(Rehearsal.class)
                .jvmOptions("-XX:ArchiveClassesAtExit=" + archive, "-Xlog:disable")
                .arguments(directory.resolve("rehearsal").toString())
                .start()) {
            child.awaitExit();
        }
        return Files.exists(archive) ? List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:disable") : List.of();
    }

    @Override
    public void run(ChildContext context) throws Exception {
        Path state = Path.of(context.arguments().getFirst());
        Path file = Path.of(state + ".referee");
        EnvConfig share = EnvConfig.builder().gpus(1).gpuMemory("4g").build();
        ActivationRequest request = ActivationRequest.of(share)
                .eid("a")
                .overSubscribed()
                .waitUpTo(Duration.ofMillis(1))
                .lease(Duration.ofHours(1));
        try (GenvHost host = GenvHost.open(Worker.options(state));
                Referee referee = Referee.create(file, Worker.DEVICES, Ledger.CAPACITY, 1, BootClock::millis)) {
            Ledger ledger = new Ledger(referee, 1);
            try (Activation activation = host.activate(request);
                    DeviceLock lock = host.lock(LockMode.SHARE)) {
                ledger.holds(lock.devices(), 1, LeaseEnd.of(host));
                host.tryLock(Duration.ofMillis(1)).ifPresent(DeviceLock::close);
                context.send(activation.eid());
            } catch (genv.api.GenvException refused) {
                ledger.givesAllBack(); // an exclusive lock inside of a shared one
            }
            host.run(request, () -> host.snapshot());
        }
    }
}
