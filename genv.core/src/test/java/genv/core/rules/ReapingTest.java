// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvConfig;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import genv.core.state.StateFixture;
import genv.core.state.Transitions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is removed when somebody has died, or has closed its host: all that is its own, and nothing of others. */
class ReapingTest {
    private static final long SELF = 1;
    private static final long MORTAL = 7;

    @TempDir
    private Path directory;

    private StateFixture state;
    private Transitions process;
    private Lives lives;

    /** Both are in {@code both}, each has an environment of its own, a lock in {@code both} and two requests. */
    @BeforeEach
    void fill() {
        state = new StateFixture(directory);
        process = state.process(SELF);
        lives = new Lives(SELF, state::isAlive, adopted -> true);
        EnvBlock both = process.transact(draft -> {
            EnvBlock block = StateFixture.env(draft, "both", SELF).withMember(Member.seated(MORTAL, MORTAL, 1));
            draft.put(block.withDevices(DeviceSet.of(new int[] {0, 1}), false, 1));
            return block;
        });
        for (long token : new long[] {SELF, MORTAL}) {
            process.transact(draft -> {
                draft.put(StateFixture.env(draft, "of-" + token, token));
                draft.addHolder(holder(token, both));
                draft.enqueue(request(10 + token, token, 0));
                draft.enqueue(request(20 + token, token, both.id()));
                return null;
            });
        }
    }

    @AfterEach
    void close() {
        state.close();
    }

    @Test
    void shouldRemoveNothingOfTheLiving() {
        assertThat(process.<Integer>transact(draft -> Reaping.reap(draft, lives)))
                .isZero();
        assertThat(envs()).containsExactlyInAnyOrder("both", "of-1", "of-7");
    }

    @Test
    void shouldRemoveAllThatBelongsToTheDeadAndNothingElse() {
        state.bury(MORTAL);

        assertThat(process.<Integer>transact(draft -> Reaping.reap(draft, lives)))
                .as("a membership, an environment, a lock and two requests")
                .isEqualTo(5);

        requireOnlyOwnLeft();
    }

    @Test
    void shouldRemoveAllOfAProcessThatClosesItsHost() {
        process.transact(draft -> {
            Reaping.removeAll(draft, MORTAL, lives);
            return null;
        });

        requireOnlyOwnLeft();
    }

    @Test
    void shouldEndAnEnvironmentThatItLeavesToTheDead() {
        state.bury(MORTAL);
        process.transact(draft -> {
            Reaping.removeAll(draft, SELF, lives);
            return null;
        });

        assertThat(envs()).containsExactly("of-7");
        process.transact(draft -> {
            assertThat(draft.use(0).population()).isZero();
            return null;
        });
    }

    private void requireOnlyOwnLeft() {
        assertThat(envs()).containsExactlyInAnyOrder("both", "of-1");
        process.transact(draft -> {
            EnvBlock both = StateFixture.found(draft, "both");
            assertThat(both.members()).extracting(Member::mark).containsExactly(SELF);
            assertThat(both.devices().toList()).containsExactly(0, 1);
            assertThat(draft.holderCount()).isEqualTo(1);
            assertThat(draft.holder(0).token()).isEqualTo(SELF);
            assertThat(draft.waiterCount()).isEqualTo(2);
            assertThat(draft.waiterToken(0)).isEqualTo(SELF);
            assertThat(draft.waiterToken(1)).isEqualTo(SELF);
            return null;
        });
    }

    private List<String> envs() {
        return process.transact((Draft draft) -> {
            List<String> found = new ArrayList<>();
            for (int i = 0; i < draft.envCount(); i++) {
                found.add(draft.env(i).eid());
            }
            return found;
        });
    }

    private static Holder holder(long token, EnvBlock block) {
        return new Holder(
                1000 + token,
                block.id(),
                block.hash(),
                token,
                token,
                LockMode.SHARE,
                EnvBlock.share(EnvConfig.empty()),
                1,
                DeviceSet.of((int) (token % 2)));
    }

    private static QueuedRequest request(long ticket, long token, long env) {
        return new QueuedRequest(
                ticket,
                new QueuedRequest.By(token, token, env, "waits", 1),
                QueuedRequest.Kind.DEVICES,
                1,
                DeviceSet.of(3),
                1,
                EnvBlock.WHOLE);
    }
}
