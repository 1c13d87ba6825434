// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is woken when a transition has freed something, or has changed the queue. */
class WakeTest extends OneState {
    @Test
    void shouldWakeTheFirstInLineForEachDeviceWhenSomethingIsFreed() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        process.transact(draft -> {
            draft.enqueue(StateFixture.request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.DEVICES));
            draft.enqueue(
                    StateFixture.request(2, block, DeviceSet.of(new int[] {1, 2}), 12, QueuedRequest.Kind.DEVICES));
            draft.enqueue(StateFixture.request(3, block, DeviceSet.of(2), 13, QueuedRequest.Kind.DEVICES));
            draft.enqueue(StateFixture.request(4, block, DeviceSet.of(1), 14, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withMember(Member.seated(2, 2, 2)));
            return null;
        });
        assertThat(woken).as("nothing was freed").isEmpty();
        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).containsExactly(11L, 14L);
    }

    @Test
    void shouldWakeWhoWaitsWhenAnEnvironmentALockOrAnEarlierRequestIsGone() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        EnvBlock other = put("f", DeviceSet.EMPTY);
        process.transact(draft -> {
            draft.addHolder(StateFixture.holder(1000, other, DeviceSet.of(1)));
            draft.enqueue(StateFixture.request(1, other, DeviceSet.of(1), 11, QueuedRequest.Kind.DEVICES));
            draft.enqueue(StateFixture.request(2, other, DeviceSet.of(1), 12, QueuedRequest.Kind.DEVICES));
            return null;
        });

        waker.<Boolean>transact(draft -> draft.removeHolder(1000));
        assertThat(woken).containsExactly(11L);
        waker.<Boolean>transact(draft -> draft.dequeue(1));
        assertThat(woken).containsExactly(11L, 12L);
        waker.transact(draft -> {
            draft.remove(block);
            return null;
        });
        assertThat(woken).containsExactly(11L, 12L, 12L);
    }

    @Test
    void shouldNotWakeWhoMovesUpAndWaitsForALockThatIsHeld() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.enqueue(StateFixture.request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(StateFixture.request(2, block, DeviceSet.of(1), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(StateFixture.request(3, block, DeviceSet.of(1), 13, QueuedRequest.Kind.DEVICES));
            draft.enqueue(StateFixture.request(4, block, DeviceSet.of(2), 14, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.dequeue(1);
            draft.addHolder(StateFixture.holder(1000, block, DeviceSet.of(1)));
            return null;
        });
        assertThat(woken).as("12 waits for the holder, the others do not").containsExactly(13L, 14L);

        woken.clear();
        waker.<Boolean>transact(draft -> draft.removeHolder(1000));
        assertThat(woken).as("something was freed").containsExactly(12L, 13L, 14L);
    }

    @Test
    void shouldWakeWhoMovesUpAndMayShareALockThatIsHeld() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        QueuedRequest asked = StateFixture.request(2, block, DeviceSet.of(1), 12, QueuedRequest.Kind.SHARED_LOCK);
        QueuedRequest shared = new QueuedRequest(
                asked.ticket(), asked.by(), asked.kind(), asked.since(), asked.devices(), asked.count(), 1 << 20);
        process.transact(draft -> {
            draft.enqueue(StateFixture.request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.SHARED_LOCK));
            draft.enqueue(shared);
            return null;
        });

        waker.transact(draft -> {
            draft.dequeue(1);
            draft.addHolder(StateFixture.holder(1000, block, DeviceSet.of(1)).withMemory(1 << 20));
            return null;
        });

        assertThat(woken).containsExactly(12L);
    }

    @Test
    void shouldWakeWhoWaitsForALockWhenItsEnvironmentHasFewerDevicesThanItWaitsFor() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        EnvBlock other = put("f", DeviceSet.of(1));
        process.transact(draft -> {
            draft.addHolder(StateFixture.holder(1000, other, DeviceSet.of(1)));
            draft.enqueue(StateFixture.request(
                    1, block, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).as("it may lock what is left").containsExactly(11L);
    }

    @Test
    void shouldWakeWhoWaitsForALockWhereverItStandsWhenItsEnvironmentHasLess() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock holding = put("h", DeviceSet.of(2));
        EnvBlock before = put("a", DeviceSet.of(new int[] {1, 2}));
        EnvBlock behind = put("b", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.addHolder(StateFixture.holder(1000, holding, DeviceSet.of(2)));
            draft.enqueue(StateFixture.request(
                    1, before, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(StateFixture.request(
                    2, behind, DeviceSet.of(new int[] {1, 2}), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });
        assertThat(process.<long[]>transact(draft -> draft.ticketsToCall(12))).isEmpty();

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "b").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).containsExactly(11L, 12L);
        assertThat(process.<long[]>transact(draft -> draft.ticketsToCall(12)))
                .as("its process calls it, though another one comes before")
                .containsExactly(2);
    }

    @Test
    void shouldWakeWhoStandsBehindARequestThatWaitsForLess() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.addHolder(StateFixture.holder(1000, block, DeviceSet.of(1)));
            draft.enqueue(StateFixture.request(
                    1, block, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(StateFixture.request(2, block, DeviceSet.of(2), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.enqueue(StateFixture.request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        assertThat(woken).containsExactly(12L);
        assertThat(process.<Boolean>transact(draft -> draft.isFirstInLine(2))).isTrue();
    }
}
