// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.QueuedRequest;
import genv.core.model.QueuedRequest.Kind;
import genv.core.state.StateFixture;
import genv.core.state.Transitions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For whom a request must leave a device alone. */
class QueueTest {
    private static final long SELF = 1;
    private static final long LONG_AGO = 1_000_000_000_000L;
    private static final long NOW = System.currentTimeMillis();
    /** Since when a request waits that has only just begun to. */
    private static final long JUST_NOW = NOW - 100;

    @TempDir
    private Path directory;

    private final List<Note> notes = new ArrayList<>();
    private StateFixture state;
    private Transitions process;

    @BeforeEach
    void open() {
        state = new StateFixture(directory);
        process = state.noting(SELF, notes::addAll);
    }

    @AfterEach
    void close() {
        state.close();
    }

    @Test
    void shouldWaitForThoseBeforeItOfTheSameKindAndForNobodyElse() {
        enqueue(1, JUST_NOW, Kind.DEVICES, 0);
        enqueue(2, JUST_NOW, Kind.SHARED_LOCK, 1);
        enqueue(3, JUST_NOW, Kind.DEVICES, 2);
        enqueue(4, JUST_NOW, Kind.EXCLUSIVE_LOCK, 3);
        enqueue(5, JUST_NOW, Kind.DEVICES, 4);

        assertThat(waitedFor(3, Kind.DEVICES)).as("not its own").containsExactly(0);
        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).containsExactly(0, 2, 4);
        assertThat(waitedFor(4, Kind.EXCLUSIVE_LOCK)).containsExactly(1);
        assertThat(waitedFor(Long.MAX_VALUE, Kind.SHARED_LOCK)).containsExactly(1, 3);
        assertThat(notes).isEmpty();
    }

    @Test
    void shouldPassOverARequestThatCouldHaveBeenServedForLong() {
        enqueue(1, LONG_AGO, Kind.DEVICES, 0);

        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).isEmpty();
        assertThat(notes).hasSize(1).first().isInstanceOf(Note.PassedOver.class);
        process.transact(draft -> {
            assertThat(draft.waiter(0).devices()).as("its place").isEqualTo(DeviceSet.of(0));
            return null;
        });
    }

    /** As it looks after the clock was set back by an hour; otherwise the device would stay idle for as long. */
    @Test
    void shouldPassOverARequestThatWasNotedAtATimeFarAhead() {
        enqueue(1, NOW + 3_600_000, Kind.DEVICES, 0);

        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).isEmpty();
        assertThat(notes).hasSize(1).first().isInstanceOf(Note.PassedOver.class);
    }

    /** Processes read the clock one after the other and note what they read in another order. */
    @Test
    void shouldNotPassOverARequestThatWasNotedAMomentAhead() {
        enqueue(1, NOW + 10, Kind.DEVICES, 0);

        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).containsExactly(0);
    }

    @Test
    void shouldPassOverARequestWhoseDeviceWasFreedAtATimeFarAhead() {
        put("e", 0);
        enqueue(1, LONG_AGO, Kind.DEVICES, 0);

        List<Integer> waited = process.transact(draft -> {
            draft.remove(StateFixture.found(draft, "e"));
            return Queue.waitedFor(draft, Long.MAX_VALUE, Kind.DEVICES, NOW - 3_600_000)
                    .toList();
        });

        assertThat(waited).isEmpty();
    }

    @Test
    void shouldNotPassOverARequestWhoseDeviceIsInUse() {
        put("e", 0);
        enqueue(1, LONG_AGO, Kind.DEVICES, 0);

        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).containsExactly(0);
    }

    @Test
    void shouldGiveARequestTimeToTakeWhatWasFreedAMomentAgo() {
        put("e", 0);
        enqueue(1, LONG_AGO, Kind.DEVICES, 0);

        List<Integer> waited = process.transact(draft -> {
            draft.remove(StateFixture.found(draft, "e"));
            return Queue.waitedFor(draft, Long.MAX_VALUE, Kind.DEVICES).toList();
        });

        assertThat(waited).containsExactly(0);
    }

    /** It could have been served but for somebody who is before it in the line. */
    @Test
    void shouldNotPassOverARequestThatWaitsForAnEarlierOne() {
        enqueue(1, JUST_NOW, Kind.DEVICES, 0);
        enqueue(2, LONG_AGO, Kind.DEVICES, 0, 1);
        enqueue(3, JUST_NOW, Kind.SHARED_LOCK, 2);
        enqueue(4, LONG_AGO, Kind.EXCLUSIVE_LOCK, 2, 3);

        assertThat(waitedFor(Long.MAX_VALUE, Kind.DEVICES)).containsExactly(0, 1);
        assertThat(waitedFor(Long.MAX_VALUE, Kind.SHARED_LOCK)).containsExactly(2, 3);
    }

    /** The limit that held it up is gone, but it is asleep: a later one must not use up the devices meanwhile. */
    @Test
    void shouldNotLetALaterRequestPassOneThatHasNotSeenThatTheLimitAllowsIt() {
        put("e", 0);
        QueuedRequest limited = request(1, LONG_AGO, Kind.DEVICES, DeviceSet.EMPTY, 2);
        process.transact(draft -> {
            draft.enqueue(limited);
            return null;
        });

        QueuedRequest later = ((Outcome.Busy<EnvBlock>) attach("e", 2)).request();
        assertThat(later.isLimited()).as("in nobody's way").isTrue();
        assertThat(process.<Long>transact(draft -> draft.millisSinceAsked(0, System.currentTimeMillis())))
                .as("asked for a sign of life")
                .isNotNegative();

        process.transact(draft -> {
            draft.enqueue(limited); // it answers
            draft.askWaiter(0, System.currentTimeMillis() - 1000); // it is stopped
            return null;
        });
        assertThat(attach("e", 2)).isInstanceOf(Outcome.Granted.class);
    }

    /** Devices 0 to 2 are there, under no limit. */
    private Outcome<EnvBlock> attach(String eid, int count) {
        Candidates three = new Candidates(DeviceSet.of(new int[] {0, 1, 2}), new long[] {1, 1, 1}, new int[] {1, 2, 3});
        return process.transact(draft -> {
            EnvBlock block = StateFixture.found(draft, eid);
            Caller caller = new Caller(SELF, 1, 0, block.owner());
            return new DeviceRules(caller, three, 1)
                    .attach(draft, EnvRules.Key.of(block), count, false, Long.MAX_VALUE);
        });
    }

    private void put(String eid, int device) {
        process.transact(draft -> {
            draft.put(StateFixture.env(draft, eid, SELF).withDevices(DeviceSet.of(device), false, 1));
            return null;
        });
    }

    private void enqueue(long ticket, long since, Kind kind, int... devices) {
        process.transact(draft -> {
            draft.enqueue(request(ticket, since, kind, DeviceSet.of(devices), devices.length));
            return null;
        });
    }

    private static QueuedRequest request(long ticket, long since, Kind kind, DeviceSet devices, int count) {
        return new QueuedRequest(
                ticket, new QueuedRequest.By(SELF, 1, 0, "waits", 1000), kind, since, devices, count, EnvBlock.WHOLE);
    }

    /** Whether it could be served is not in the state: it is overdue when its process does not answer. */
    @Test
    void shouldCountWhatAUserAskedForUntilItsProcessGivesNoSignOfLife() {
        QueuedRequest limited = request(1, LONG_AGO, Kind.DEVICES, DeviceSet.EMPTY, 3);
        long now = System.currentTimeMillis();
        process.transact(draft -> {
            draft.enqueue(limited);
            assertThat(Queue.askedBefore(draft, 1000, 2).devices()).isEqualTo(3);
            assertThat(Queue.askedBefore(draft, 1000, 1))
                    .as("of nobody before it")
                    .isEqualTo(Usage.NONE);
            assertThat(Queue.askedBefore(draft, 1001, 2)).as("of another user").isEqualTo(Usage.NONE);
            Queue.askWhoIsBefore(draft, 1001, 2);
            assertThat(draft.millisSinceAsked(0, now)).as("not asked").isEqualTo(-1);
            Queue.askWhoIsBefore(draft, 1000, 2);
            assertThat(Queue.askedBefore(draft, 1000, 2).devices()).isEqualTo(3);

            draft.askWaiter(0, now - 1000);
            assertThat(draft.isQueued(limited))
                    .as("as its process would find it")
                    .isFalse();
            assertThat(Queue.askedBefore(draft, 1000, 2)).isEqualTo(Usage.NONE);

            draft.enqueue(limited); // it answers
            assertThat(draft.isQueued(limited)).isTrue();
            assertThat(Queue.askedBefore(draft, 1000, 2).devices()).isEqualTo(3);
            return null;
        });
        assertThat(notes).hasSize(1).first().isInstanceOf(Note.PassedOver.class);
    }

    /** In a transition that changes something: only then is told what was noted. */
    private List<Integer> waitedFor(long ticket, Kind kind) {
        return process.transact(draft -> {
            DeviceSet set = Queue.waitedFor(draft, ticket, kind, NOW);
            draft.put(StateFixture.env(draft, "asks", SELF));
            return set.toList();
        });
    }
}
