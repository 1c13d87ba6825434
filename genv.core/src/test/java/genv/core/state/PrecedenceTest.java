// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.layout.FileLayout;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PrecedenceTest {
    private final Arena arena = Arena.ofShared();
    private final StateMemory memory = new StateMemory(arena.allocate(FileLayout.RECORD_CLAIM_OFFSET, 64));
    private final Precedence one = new Precedence(memory);
    private final Precedence other = new Precedence(memory);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void shouldHaveOneAskAtATime() {
        long far = System.nanoTime() + Precedence.NANOS; // as somebody else asks this moment
        memory.compareAndSetPrecedence(0, far | 1);

        long asked = one.ask(0);

        assertThat(asked == 0 || System.nanoTime() >= far)
                .as("0 until it is over")
                .isTrue();
    }

    @Test
    void shouldAskAgainWithItsOwnWord() {
        long first = one.ask(0);
        long second = one.ask(first);

        assertThat(first).isNotZero();
        assertThat(second).isNotZero();
        assertThat(memory.precedenceAcquire()).isEqualTo(second);
    }

    @Test
    void shouldGiveBackOnlyItsOwnWord() {
        long asked = one.ask(0);
        one.giveBack(asked + 2);
        assertThat(memory.precedenceAcquire()).isEqualTo(asked);

        one.giveBack(asked);
        assertThat(memory.precedenceAcquire()).isZero();
    }

    @Test
    void shouldWaitNoLongerThanTheWordSays() {
        long until = System.nanoTime() + Precedence.NANOS | 1;
        memory.compareAndSetPrecedence(0, until);

        other.giveWay(); // nobody gives it back: its process was killed

        assertThat(System.nanoTime() - until).isNotNegative();
        assertThat(memory.precedenceAcquire())
                .as("cleared for those who come later")
                .isZero();
    }

    @Test
    void shouldGoOnAsSoonAsItIsGivenBack() {
        long until = System.nanoTime() + Precedence.NANOS | 1;
        memory.compareAndSetPrecedence(0, until);
        CompletableFuture<Void> waits = CompletableFuture.runAsync(other::giveWay);
        one.giveBack(until);

        waits.join();
    }

    @Test
    void shouldNotBelieveAWordOfAnotherClock() {
        memory.compareAndSetPrecedence(0, System.nanoTime() + Long.MAX_VALUE / 2);

        other.giveWay();

        assertThat(memory.precedenceAcquire()).isZero();
    }

    @Test
    void shouldRingOnlyForWhoSleeps() {
        int rings = memory.ringsAcquire(5);
        assertThat(memory.ring(5)).isFalse();
        assertThat(memory.announceSleep(5, rings)).as("it has rung since").isFalse();
        assertThat(memory.announceSleep(5, memory.ringsAcquire(5))).isTrue();
        assertThat(memory.announceSleep(5, memory.ringsAcquire(5)))
                .as("several may sleep")
                .isTrue();
        assertThat(memory.ring(5)).isTrue();
        assertThat(memory.ring(5)).as("they were woken by then").isFalse();
    }
}
