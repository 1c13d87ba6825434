// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.core.layout.FileLayout;
import genv.core.state.StateMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Rooms of two processes over one state, in which nothing is: what happens to rings, interrupts and closing. No look is ever due, so
 * that whoever is not woken sleeps until the time limit.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WaitRoomTest {
    private static final long HERE = 1;
    private static final long ELSEWHERE = 2;
    private static final long TICKET = 7;
    private static final int ROUNDS = 50;
    private static final long NEVER = Long.MAX_VALUE / 4;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment = arena.allocate(FileLayout.CELL_CLAIM_OFFSET, 64);
    private final StateMemory memory = new StateMemory(segment);
    private final AtomicInteger waiters = new AtomicInteger();
    private final AtomicInteger finds = new AtomicInteger();
    private volatile long[] first = {TICKET};
    private final WaitRoom room = new WaitRoom(memory, HERE, new CountingVisits(), NEVER);
    private final WaitRoom other = new WaitRoom(memory, ELSEWHERE, new CountingVisits(), NEVER);

    private final class CountingVisits implements WaitRoom.Visits {
        @Override
        public void lookAfter() {
            throw new AssertionError("no look is due");
        }

        @Override
        public long[] first() {
            finds.incrementAndGet();
            return first;
        }
    }

    private static long inAMinute() {
        return System.nanoTime() + 60_000_000_000L;
    }

    @AfterEach
    void close() {
        room.close(inAMinute());
        other.close(inAMinute());
        arena.close();
    }

    @Test
    void shouldWakeALonePlatformThreadWithoutAListener() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int i = 0; i < ROUNDS; i++) {
                Future<?> waiting = waitIn(threads, TICKET);
                other.wake(HERE, TICKET);
                waiting.get();
            }
        }
        assertThat(finds.get()).as("one that is alone need not be found").isZero();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("genv-doorbell"));
    }

    @Test
    void shouldWakeAVirtualThreadFromElsewhere() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < ROUNDS; i++) {
                Future<?> waiting = waitIn(threads, TICKET);
                other.wake(HERE, TICKET);
                waiting.get();
            }
        }
    }

    @Test
    void shouldWakeFromTheSameProcess() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int i = 0; i < ROUNDS; i++) {
                Future<?> waiting = waitIn(threads, TICKET);
                room.wake(HERE, TICKET);
                waiting.get();
            }
        }
    }

    @Test
    void shouldWakeTheOneWhoIsFirstAmongSeveral() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Future<?>> waiting = new ArrayList<>();
            int count = 20;
            for (int i = 0; i < count; i++) {
                waiting.add(waitIn(threads, i));
            }
            for (int i = 0; i < count; i++) { // the one who led leaves early: the others must not be forgotten
                first = new long[] {i};
                other.wake(HERE, i);
                waiting.get(i).get();
            }
        }
    }

    @Test
    void shouldEndTheWaitingOfALeaderThatIsInterrupted() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int i = 0; i < ROUNDS; i++) {
                Future<?> waiting = waitIn(threads, TICKET);
                waiting.cancel(true);
                while (waiters.get() > 0) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    @Test
    void shouldHaveWhoIsLeftLeadWhenTheLeaderIsInterrupted() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int i = 0; i < ROUNDS; i++) {
                first = new long[] {TICKET};
                Future<?> leader = waitIn(threads, TICKET);
                Future<?> left = waitIn(threads, TICKET + 1);
                leader.cancel(true);
                while (waiters.get() > 1) {
                    Thread.onSpinWait();
                }

                while (!isAsleep() && !left.isDone()) {
                    Thread.onSpinWait();
                }
                assertThat(left.isDone()).as("called by who gave up listening").isFalse();
                first = new long[] {TICKET + 1};
                other.wake(HERE, TICKET + 1); // whoever leads hears it
                left.get();
            }
        }
    }

    @Test
    void shouldKeepAnInterruptOfAWaitThatCannotBeInterrupted() throws Exception {
        SynchronousQueue<Thread> entered = new SynchronousQueue<>();
        AtomicBoolean served = new AtomicBoolean();
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            Future<Boolean> waiting = threads.submit(() -> {
                try (Waiting place = room.enter(TICKET, WaitLimit.UNLIMITED)) {
                    place.reset();
                    entered.put(Thread.currentThread());
                    while (!served.get()) {
                        place.await(Long.MAX_VALUE, false);
                        place.reset();
                    }
                }
                return Thread.interrupted();
            });
            entered.take().interrupt();
            served.set(true);
            other.wake(HERE, TICKET);

            assertThat(waiting.get()).isTrue();
        }
    }

    @Test
    void shouldLetEverybodyGoWhenItIsClosed() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            Future<?> waiting = waitIn(threads, TICKET);
            Future<?> another = waitIn(threads, TICKET + 1);
            room.close(inAMinute());
            waiting.get();
            another.get();
        }
    }

    /** Such as one that is held up between asking whether the room is closed and sleeping. */
    @Test
    void shouldNotCloseBeforeWhoWaitsHasLeft() throws Exception {
        Waiting place = room.enter(TICKET, WaitLimit.UNLIMITED);
        Thread closing = Thread.ofPlatform().start(() -> room.close(inAMinute()));
        while (closing.isAlive() && closing.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }

        room.sleep(place, Long.MAX_VALUE);
        assertThat(place.isCalled()).isTrue();
        assertThat(closing.isAlive()).isTrue();
        place.close();
        closing.join();
    }

    @Test
    void shouldReportWhatAWaitThrows() throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            Future<?> waiting = threads.submit(() -> {
                Thread.currentThread().interrupt();
                try (Waiting place = room.enter(TICKET, new WaitLimit(Long.MAX_VALUE, true))) {
                    place.reset();
                    place.await(Long.MAX_VALUE, true);
                }
                return null;
            });
            assertThatThrownBy(waiting::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InterruptedException.class);
        }
    }

    /** Returns once the other thread is asleep, or was woken for no reason: an interrupt before may ring late. */
    private Future<?> waitIn(ExecutorService threads, long ticket) throws InterruptedException {
        SynchronousQueue<Thread> entered = new SynchronousQueue<>();
        Future<?> waiting = threads.submit(() -> {
            try (Waiting place = room.enter(ticket, new WaitLimit(Long.MAX_VALUE, true))) {
                place.reset();
                entered.put(Thread.currentThread());
                place.await(Long.MAX_VALUE, false);
            } finally {
                waiters.decrementAndGet();
            }
            return null;
        });
        Thread thread = entered.take();
        boolean leads = waiters.incrementAndGet() == 1 && !thread.isVirtual();
        while (!waiting.isDone() && (!isAsleep() || !(leads || LockSupport.getBlocker(thread) instanceof Waiting))) {
            Thread.onSpinWait();
        }
        return waiting;
    }

    /** Whether somebody sleeps at the doorbell, or has only the call to the kernel before that. */
    private boolean isAsleep() {
        return (segment.get(ValueLayout.JAVA_INT, FileLayout.doorbellOf(HERE)) & 1) != 0;
    }
}
