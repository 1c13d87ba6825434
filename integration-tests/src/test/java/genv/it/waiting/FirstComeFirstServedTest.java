// SPDX-License-Identifier: Apache-2.0
package genv.it.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.Snapshot;
import genv.api.WaiterInfo;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** More threads of one host wait than may stand in the queue at a time, and another host asks after them. */
@GenvTest(devices = 1)
class FirstComeFirstServedTest {
    /** How many threads of a host stand in the queue. */
    private static final int WIDTH = 16;

    private static final Duration LONG = Duration.ofMinutes(2);

    private final Queue<String> order = new ConcurrentLinkedQueue<>();

    @Test
    void shouldServeAllWhoCameBeforeInOrder(GenvHost holder, GenvHosts hosts) throws Exception {
        Activation all = holder.activate(gpus("holder"));
        GenvHost crowded = hosts.open();
        List<Background<?>> waiting = new ArrayList<>();
        for (int i = 0; i < 3 * WIDTH; i++) {
            // those whose time is over first stand in front of the gate, behind one another and alone
            boolean brief = i >= 2 * WIDTH && i % 5 < 2;
            ActivationRequest request = gpus("early-" + i);
            waiting.add(start(crowded, request.waitUpTo(brief ? Duration.ofMillis(50) : LONG)));
            if (brief) {
                Background<?> last = waiting.getLast();
                assertThatThrownBy(last::result).isInstanceOf(DevicesUnavailableException.class);
            } else {
                waiting.getLast().awaitWaiting();
            }
        }
        Background<?> late = start(hosts.open(), gpus("late").waitUpTo(LONG));
        Eventually.waiting(holder, WIDTH + 1);

        // in the queue, the first included; just let into it by one of these; and in front of the gate
        for (int i : new int[] {0, 1, 7, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 5, 2 * WIDTH + 2}) {
            waiting.get(i).interrupt();
        }
        for (int i : new int[] {0, 1, 7, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 5, 2 * WIDTH + 2}) {
            assertThatThrownBy(waiting.get(i)::result).isInstanceOf(InterruptedWaitException.class);
        }
        assertThat(waiters(Eventually.waiting(holder, WIDTH + 1)))
                .as("their places are taken, by those who came next")
                .containsExactlyElementsOf(concat(
                        IntStream.range(2, 2 * WIDTH)
                                .filter(i -> i != 7 && i != WIDTH - 1 && i != WIDTH && i != WIDTH + 1 && i != WIDTH + 5)
                                .limit(WIDTH)
                                .mapToObj(i -> "early-" + i)
                                .toList(),
                        "late"));

        all.close();
        late.result();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < waiting.size(); i++) {
            try {
                waiting.get(i).result();
                expected.add("early-" + i);
            } catch (DevicesUnavailableException | InterruptedWaitException ended) {
                assertThat(order).doesNotContain("early-" + i);
            }
        }
        expected.add("late");
        assertThat(order).containsExactlyElementsOf(expected);
        assertThat(expected).hasSizeGreaterThan(2 * WIDTH);
    }

    /**
     * All who stand in the queue are served at once, and stay where they have not yet let anybody through. They are kept there
     * by their logger, which is told of waits of more than a second.
     */
    @Test
    void shouldHaveTheNextInTheQueueWhenAllInItWereServed(GenvHost holder, GenvHosts hosts) throws Exception {
        Activation all = holder.activate(gpus("holder"));
        GenvHost crowded = hosts.open();
        CountDownLatch end = new CountDownLatch(1);
        List<Background<?>> waiting = new ArrayList<>();
        for (int i = 0; i < WIDTH + 1; i++) {
            ActivationRequest request = share("early-" + i).waitUpTo(LONG);
            waiting.add(Background.start(() -> crowded.call(request, () -> {
                order.add(crowded.eid().orElseThrow());
                end.await();
                return true;
            })));
            waiting.getLast().awaitWaiting();
        }
        Snapshot before = Eventually.waiting(holder, WIDTH);
        Eventually.snapshot(
                holder,
                "they have waited long",
                now -> now.waiters().getLast().since().plusMillis(3000).isBefore(Instant.now()));
        try (Held held = new Held()) {
            all.close();
            held.arrived.acquire(WIDTH);
            Background<?> late = start(hosts.open(), share("late").waitUpTo(LONG));
            assertThat(waiters(Eventually.snapshot(
                            holder, "late waits", now -> waiters(now).contains("late"))))
                    .as("in front of late, though nobody has let it through")
                    .containsExactly("early-" + WIDTH, "late");
            assertThat(waiters(before)).doesNotContain("early-" + WIDTH);
            held.letGo();
            end.countDown();
            late.result();
        }
        for (Background<?> each : waiting) {
            each.result();
        }
        assertThat(order).hasSize(WIDTH + 2);
        assertThat(holder.snapshot().waiters()).isEmpty();
    }

    /** Keeps those who say that they were served after a long wait. */
    private static final class Held extends Handler implements AutoCloseable {
        final Semaphore arrived = new Semaphore(0);
        private final CountDownLatch open = new CountDownLatch(1);
        private final Logger logger = Logger.getLogger("genv.core.store");

        Held() {
            logger.setLevel(Level.ALL);
            logger.setUseParentHandlers(false);
            logger.addHandler(this);
        }

        @Override
        public void publish(LogRecord line) {
            if (line.getMessage().startsWith("a request has waited long")) {
                arrived.release();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        void letGo() {
            open.countDown();
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            letGo();
            logger.removeHandler(this);
            logger.setUseParentHandlers(true);
            logger.setLevel(null);
        }
    }

    // ---- help ------------------------------------------------------------------------------------------------------

    private Background<?> start(GenvHost host, ActivationRequest request) {
        return Background.start(
                () -> host.call(request, () -> order.add(host.eid().orElseThrow())));
    }

    private static ActivationRequest gpus(String eid) {
        return ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid(eid);
    }

    /** The sixteenth part of a device. */
    private static ActivationRequest share(String eid) {
        return ActivationRequest.of(EnvConfig.builder().gpus(1).gpuMemory("1g").build())
                .eid(eid);
    }

    private static List<String> waiters(Snapshot snapshot) {
        return snapshot.waiters().stream().map(WaiterInfo::eid).toList();
    }

    private static List<String> concat(List<String> list, String last) {
        List<String> all = new ArrayList<>(list);
        all.add(last);
        return all;
    }
}
