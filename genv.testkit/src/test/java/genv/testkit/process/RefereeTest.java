// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RefereeTest {
    @TempDir
    Path directory;

    private Path file() {
        return directory.resolve("referee");
    }

    @Test
    void shouldAcceptTurns() {
        try (Referee referee = Referee.create(file(), 2, 1, 2)) {
            for (int i = 0; i < 10_000; i++) {
                referee.acquired(0, 1);
                referee.acquired(1, 2);
                referee.released(0, 1);
                referee.acquired(0, 2);
                referee.released(0, 2);
                referee.released(1, 2);
            }
            assertEquals(0, referee.held(0));
            referee.verify();
        }
    }

    @Test
    void shouldCatchDeviceGivenTwiceBetweenProcesses() {
        try (Referee referee = Referee.create(file(), 1, 1, 2);
                ChildJvm first = holder(1).start();
                ChildJvm second = holder(2).start()) {
            first.tell("acquire");
            first.expect("acquiring");
            first.expect("acquired");
            second.tell("acquire");
            second.expect("acquiring");
            assertTrue(second.next().startsWith("violation device was given twice: device=0, by=2"));

            assertEquals(1, referee.violations().size());
            AssertionError e = assertThrows(AssertionError.class, referee::verify);
            assertTrue(String.valueOf(e.getMessage()).contains("by=2"), e.getMessage());
        }
    }

    @Test
    void shouldLetNextOneHaveWhatKilledOneHad() {
        try (Referee referee = Referee.create(file(), 1, 1, 3);
                ChildJvm second = holder(2).start()) {
            try (ChildJvm first = holder(1).start()) {
                first.tell("acquire");
                first.expect("acquiring");
                first.expect("acquired");
                referee.kill(first, 1);
            }
            assertEquals(0, referee.held(0));
            second.tell("acquire");
            second.expect("acquiring");
            second.expect("acquired");
            referee.verify();
        }
    }

    /** A kill is announced, the device is given on before the parent has seen the death. */
    @Test
    void shouldWaitForDeathThatIsAnnounced() {
        try (Referee referee = Referee.create(file(), 1, 1, 3);
                ChildJvm second = holder(2).start()) {
            referee.acquired(0, 1);
            referee.dooming(1);
            second.tell("acquire");
            second.expect("acquiring");
            while (referee.held(0) < 2) {
                Thread.onSpinWait();
            }
            assertTrue(second.poll().isEmpty());
            referee.died(1);
            second.expect("acquired");
            referee.verify();
        }
    }

    @Test
    void shouldNotExcuseLivingOneBySomebodyElsesDeath() {
        try (Referee referee = Referee.create(file(), 2, 1, 3)) {
            referee.acquired(0, 1);
            referee.acquired(1, 3);
            referee.dooming(3);
            assertThrows(AssertionError.class, () -> referee.acquired(0, 2));
        }
    }

    @Test
    void shouldCatchDeadOneThatIsGivenSomething() {
        try (Referee referee = Referee.create(file(), 1, 1, 1)) {
            referee.died(1);
            assertThrows(AssertionError.class, () -> referee.acquired(0, 1));
            assertEquals(1, referee.violations().size());
        }
    }

    @Test
    void shouldAddUpShares() {
        try (Referee referee = Referee.create(file(), 1, 16, 3)) {
            referee.acquired(0, 1, 10);
            referee.acquired(0, 2, 6);
            assertEquals(16, referee.held(0));
            assertThrows(AssertionError.class, () -> referee.acquired(0, 3, 1));
        }
    }

    @Test
    void shouldCatchWholeDeviceBesideShare() {
        try (Referee referee = Referee.create(file(), 1, 16, 3)) {
            referee.acquired(0, 1, 1);
            assertThrows(AssertionError.class, () -> referee.acquired(0, 2));
        }
    }

    @Test
    void shouldCountNothingWhoseTimeIsOver() {
        AtomicLong now = new AtomicLong(100);
        try (Referee referee = Referee.create(file(), 2, 1, 3, now::get)) {
            referee.lasts(1, 200);
            referee.acquired(0, 1);
            now.set(199);
            assertEquals(1, referee.held(0));
            assertThrows(AssertionError.class, () -> referee.acquired(0, 2));
            referee.released(0, 2);

            now.set(200);
            assertEquals(0, referee.held(0));
            referee.acquired(0, 2);
            referee.released(0, 1);
            assertEquals(1, referee.violations().size());
        }
    }

    @Test
    void shouldLetATimeBeProlongedOnlyWhileNobodyElseHasAnyOfIt() {
        AtomicLong now = new AtomicLong(100);
        try (Referee referee = Referee.create(file(), 2, 1, 3, now::get)) {
            referee.lasts(1, 200);
            referee.acquired(0, 1);
            referee.lasts(1, 300);
            now.set(250);
            assertThrows(AssertionError.class, () -> referee.acquired(0, 2));
            referee.released(0, 2);

            now.set(300);
            referee.acquired(0, 2);
            assertThrows(AssertionError.class, () -> referee.lasts(1, Referee.NO_END));
            assertEquals(2, referee.violations().size());
        }
    }

    @Test
    void shouldNeedAClockForWhatIsGivenForATime() {
        try (Referee referee = Referee.create(file(), 1, 1, 1)) {
            referee.acquired(0, 1);
            assertThrows(IllegalStateException.class, () -> referee.lasts(1, 200));
        }
    }

    @Test
    void shouldCatchReleaseOfWhatIsNotHeld() {
        try (Referee referee = Referee.create(file(), 2, 1, 2)) {
            referee.acquired(0, 1);
            assertThrows(AssertionError.class, () -> referee.released(0, 2));
            assertThrows(AssertionError.class, () -> referee.released(1, 1));
            referee.released(0, 1);
            assertThrows(AssertionError.class, () -> referee.released(0, 1));
            assertEquals(3, referee.violations().size());
        }
    }

    @Test
    void shouldRefuseWhatItDoesNotKnow() {
        try (Referee referee = Referee.create(file(), 2, 4, 2)) {
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(2, 1));
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(-1, 1));
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(0, 0));
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(0, 3));
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(0, 1, 5));
            assertThrows(IllegalArgumentException.class, () -> referee.acquired(0, 1, 0));
            referee.verify();
        }
        assertThrows(IllegalArgumentException.class, () -> Referee.create(directory.resolve("b"), 0, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> Referee.create(directory.resolve("b"), 1, 1L << 32, 1));
        assertThrows(IllegalArgumentException.class, () -> Referee.create(directory.resolve("b"), 1, 1, 1 << 20));
        assertTrue(Files.notExists(directory.resolve("b")));
    }

    @Test
    void shouldKeepLargestValuesApart() {
        try (Referee referee = Referee.create(file(), 1, 0xFFFF_FFFFL, (1 << 20) - 1)) {
            referee.acquired(0, (1 << 20) - 1, 0xFFFF_FFFFL);
            assertEquals(0xFFFF_FFFFL, referee.held(0));
            referee.released(0, (1 << 20) - 1);
            referee.verify();
        }
    }

    @Test
    void shouldCountViolationsBeyondThoseItKeeps() {
        try (Referee referee = Referee.create(file(), 1, 1, 1)) {
            for (int i = 0; i < 100; i++) {
                assertThrows(AssertionError.class, () -> referee.released(0, 1));
            }
            assertEquals(64, referee.violations().size());
            AssertionError e = assertThrows(AssertionError.class, referee::verify);
            assertTrue(String.valueOf(e.getMessage()).contains("violations=100"), e.getMessage());
        }
    }

    /** Turns that follow each other at once must never look as if they overlapped. */
    @Test
    void shouldSeeNoOverlapWhereALockExcludesIt() throws InterruptedException {
        runThreads(new ReentrantLock(), 20_000);
        try (Referee referee = Referee.open(file())) {
            referee.verify();
        }
    }

    @Test
    void shouldSeeOverlapWhereNothingExcludesIt() throws InterruptedException {
        // each its own lock: nothing is excluded
        runThreads(null, 20_000);
        try (Referee referee = Referee.open(file())) {
            assertThrows(AssertionError.class, referee::verify);
        }
    }

    private void runThreads(@Nullable ReentrantLock common, int rounds) throws InterruptedException {
        AtomicBoolean caught = new AtomicBoolean();
        try (Referee referee = Referee.create(file(), 1, 2, 4)) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 1; t <= 4; t++) {
                int holder = t;
                ReentrantLock lock = common != null ? common : new ReentrantLock();
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < rounds && !caught.get(); i++) {
                        lock.lock();
                        try {
                            referee.acquired(0, holder, 1 + i % 2);
                            referee.released(0, holder);
                        } catch (AssertionError e) {
                            caught.set(true);
                        } finally {
                            lock.unlock();
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    private ChildJvm.Builder holder(int number) {
        return ChildJvm.of(Holder.class)
                .name("holder " + number)
                .arguments(file().toString(), Integer.toString(number));
    }

    static final class Holder implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            int holder = Integer.parseInt(context.arguments().get(1));
            try (Referee referee = Referee.open(Path.of(context.arguments().get(0)))) {
                context.await("acquire");
                context.send("acquiring");
                try {
                    referee.acquired(0, holder);
                    context.send("acquired");
                } catch (AssertionError e) {
                    context.send("violation " + e.getMessage());
                }
                context.receive();
            }
        }
    }
}
