// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final int WIDTH = 16;

    private final AtomicLong tickets = new AtomicLong();
    private final Gate<String> gate = new Gate<>();
    private final List<Gate<String>.Pass> past = enter(WIDTH);

    @Test
    void shouldLetSoManyThroughAndTheNextOnesInTheOrderOfTheirTickets() {
        assertThat(past).allSatisfy(pass -> assertThat(isThrough(pass)).isTrue());
        List<Gate<String>.Pass> inFront = enter(3);
        for (int i = 0; i < 3; i++) {
            assertThat(isThrough(inFront.get(i))).isFalse();
            Gate<String>.Pass next = past.get(i).next();
            assertThat(next).isSameAs(inFront.get(i));
            assertThat(past.get(i).leave()).isTrue();
            assertThat(past.get(i).handTo(next)).isTrue();
            assertThat(isThrough(inFront.get(i))).isTrue();
        }
        assertThat(Stream.concat(past.stream(), inFront.stream())
                        .map(pass -> pass.request().ticket()))
                .isSorted();
    }

    @Test
    void shouldNotHandAPlaceToOneWhoHasLeftInFront() {
        List<Gate<String>.Pass> inFront = enter(2);
        Gate<String>.Pass next = past.getFirst().next();
        past.getFirst().leave();

        assertThat(inFront.getFirst().leave()).as("it was past the gate").isFalse();

        assertThat(past.getFirst().handTo(next)).isFalse();
        assertThat(inFront.getFirst().isGone())
                .as("so its row is to be taken out")
                .isTrue();
        assertThat(past.getFirst().handTo(past.getFirst().next())).isTrue();
        assertThat(isThrough(inFront.getLast())).isTrue();
    }

    @Test
    void shouldNotHandTwoPlacesToOne() {
        List<Gate<String>.Pass> inFront = enter(2);
        Gate<String>.Pass same = past.getFirst().next();
        past.getFirst().leave();
        past.get(1).leave();

        assertThat(past.getFirst().handTo(same)).isTrue();
        assertThat(past.get(1).handTo(same)).isFalse();

        assertThat(same).isNotNull();
        assertThat(same.isGone()).as("its row is its own affair").isFalse();
        assertThat(past.get(1).handTo(past.get(1).next())).isTrue();
        assertThat(isThrough(inFront.getLast())).isTrue();
    }

    @Test
    void shouldNotGiveAPlaceBackWhenSomebodyHasComeForIt() {
        Gate<String>.Pass nobody = past.getFirst().next();
        past.getFirst().leave();
        Gate<String>.Pass newcomer = enter(1).getFirst();

        assertThat(past.getFirst().handTo(nobody)).isFalse();
        assertThat(isThrough(newcomer)).isFalse();

        past.getFirst().close();
        assertThat(isThrough(newcomer)).as("closing gives it in any case").isTrue();
    }

    @Test
    void shouldHaveAllPlacesAgainWhenAllHaveLeft() {
        for (Gate<String>.Pass pass : past) {
            pass.leave();
            pass.close();
            pass.close();
        }
        for (Gate<String>.Pass pass : enter(WIDTH)) {
            assertThat(isThrough(pass)).isTrue();
        }
        assertThat(isThrough(enter(1).getFirst())).isFalse();
    }

    @Test
    void shouldLoseNoPlaceWhenATicketCannotBeDrawn() {
        past.getFirst().leave();
        past.getFirst().close();
        assertThatThrownBy(() -> gate.enter("lane", () -> {
                    throw new IllegalStateException("closed");
                }))
                .hasMessage("closed");
        assertThat(isThrough(enter(1).getFirst())).isTrue();
    }

    private List<Gate<String>.Pass> enter(int count) {
        List<Gate<String>.Pass> passes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            passes.add(gate.enter("lane", () -> request(tickets.incrementAndGet())));
        }
        return passes;
    }

    private static boolean isThrough(Gate<String>.Pass pass) {
        WaitLimit limit = WaitLimit.of(Duration.ofNanos(1));
        try {
            return pass.await(limit, limit.start());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static QueuedRequest request(long ticket) {
        QueuedRequest.By by = new QueuedRequest.By(1, 2, 3, "mine", 4);
        return new QueuedRequest(ticket, by, QueuedRequest.Kind.DEVICES, 5, DeviceSet.of(0), 1, 6);
    }
}
