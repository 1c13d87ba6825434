// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.core.os.BootClock;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import genv.testkit.process.Referee;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A child: one host, {@value #THREADS} threads with a {@link Program} each. Whatever one of them throws ends the process and
 * fails the run.
 */
final class Worker implements ChildTask {
    static final int THREADS = 2;
    static final int DEVICES = 4;

    private volatile boolean stopped;

    /** Arguments: state directory, referee of devices, referee of locks, pulse, threads of all, own slot, holder, seed. */
    @Override
    public void run(ChildContext context) throws Exception {
        List<String> given = context.arguments();
        Path state = Path.of(given.get(0));
        Pulse pulse = Pulse.open(Path.of(given.get(3)), Integer.parseInt(given.get(4)));
        int slot = Integer.parseInt(given.get(5));
        int holder = Integer.parseInt(given.get(6));
        long seed = Long.parseLong(given.get(7));
        try (Referee devices = Referee.open(Path.of(given.get(1)), BootClock::millis);
                Referee locks = Referee.open(Path.of(given.get(2)), BootClock::millis);
                GenvHost host = GenvHost.open(options(state))) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int number = slot * THREADS + i;
                Program program =
                        new Program(host, seed * THREADS + i, devices, locks, holder + i, pulse, number, i == 0);
                threads.add(Thread.ofPlatform().name("program-" + number).start(() -> loop(program)));
            }
            context.send("ready");
            context.await("stop");
            stopped = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        context.send("left");
    }

    private void loop(Program program) {
        try {
            while (!stopped) {
                program.cycle();
            }
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }

    static GenvOptions options(Path state) {
        return GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(DEVICES, "16g"))
                .processEnvironment(false)
                .build();
    }
}
