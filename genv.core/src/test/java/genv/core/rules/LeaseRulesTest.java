// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.LeaseExpiredException;
import genv.api.NotActiveException;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the rules of leases say at each moment of a clock that the test sets. */
class LeaseRulesTest {
    private static final EnvBlock.Owner OWNER = new EnvBlock.Owner(1000, "bob");
    private static final DeviceSet TWO = DeviceSet.of(new int[] {1, 2});

    private final List<EnvBlock> put = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();
    private long now = 5_000;

    @Test
    void shouldBeginWithTheFirstDeviceAndNotWithTheNext() {
        EnvBlock env = asking(60_000);
        EnvBlock first = begun(env, with(env, DeviceSet.of(1)), unlimited());
        assertThat(first.lease()).isEqualTo(new LeaseTime(60_000, 5_000, 65_000));
        now = 30_000;
        assertThat(begun(first, with(first, DeviceSet.of(2)), unlimited()).lease())
                .isEqualTo(first.lease());
    }

    @Test
    void shouldBeginAnewAfterOneThatRanOut() {
        EnvBlock env = running(0, 5_000);
        EnvBlock lost = unlimited().withoutExpired(draft(), env);
        assertThat(lost.lease().hasEnd()).as("it tells why it has none").isTrue();
        now = 9_000;
        assertThat(begun(lost, with(lost, DeviceSet.of(1)), unlimited()).lease())
                .isEqualTo(new LeaseTime(60_000, 9_000, 69_000));
    }

    @Test
    void shouldDemandALeaseOfWhoAskedForNone() {
        EnvBlock env = asking(0);
        assertThat(begun(env, with(env, TWO), limited(10_000, 4_000)).lease())
                .as("the default")
                .isEqualTo(new LeaseTime(0, 5_000, 9_000));
        assertThat(begun(env, with(env, TWO), limited(10_000, -1)).lease())
                .as("the longest")
                .isEqualTo(new LeaseTime(0, 5_000, 15_000));
        assertThat(begun(asking(60_000), with(asking(60_000), TWO), limited(10_000, 4_000))
                        .lease()
                        .end())
                .as("asked for before the limit was set")
                .isEqualTo(15_000);
    }

    /** It had devices without a lease when the limit was set. */
    @Test
    void shouldBeginWithTheNextDeviceOfOneThatHadNone() {
        EnvBlock had = with(asking(0), DeviceSet.of(1));
        assertThat(begun(had, with(had, DeviceSet.of(2)), limited(10_000, -1)).lease())
                .isEqualTo(new LeaseTime(0, 5_000, 15_000));
        assertThat(begun(had, with(had, DeviceSet.of(2)), limited(-1, 4_000))
                        .lease()
                        .hasEnd())
                .as("a default is for those that have no device")
                .isFalse();
    }

    @Test
    void shouldBeOverAtItsEndAndNotBefore() {
        EnvBlock env = running(1_000, 5_000);
        now = 4_999;
        assertThat(LeaseRules.isOver(env, () -> now)).isFalse();
        assertThat(unlimited().withoutExpired(draft(), env)).isSameAs(env);
        assertThat(put).isEmpty();
        now = 5_000;
        assertThat(LeaseRules.isOver(env, () -> now)).isTrue();
        EnvBlock lost = unlimited().withoutExpired(draft(), env);
        assertThat(lost.devices()).isEqualTo(DeviceSet.EMPTY);
        assertThat(LeaseRules.hasExpired(lost)).isTrue();
        assertThat(LeaseRules.isOver(lost, () -> now))
                .as("there is nothing more to take back")
                .isFalse();
        assertThat(put).containsExactly(lost);
        assertThat(notes).containsExactly(new Note.Reaped(Note.Remains.LEASE, "e", OWNER, List.of(42L), TWO));
    }

    @Test
    void shouldNotAskTheClockWhereThereIsNoLease() {
        EnvBlock env = with(asking(0), TWO);
        assertThat(LeaseRules.isOver(env, () -> {
                    throw new AssertionError("asked");
                }))
                .isFalse();
    }

    @Test
    void shouldLastFromNowOnWhenRenewed() {
        EnvBlock env = running(1_000, 50_000);
        assertThat(unlimited().renew(draft(), env, 10_000).lease()).isEqualTo(new LeaseTime(60_000, 1_000, 15_000));
        assertThat(unlimited().renew(draft(), env, 100_000).lease().end()).isEqualTo(105_000);
    }

    @Test
    void shouldCountTheLongestLeaseFromItsBeginning() {
        EnvBlock env = running(1_000, 50_000);
        LeaseRules rules = limited(60_000, -1);
        assertThat(rules.renew(draft(), env, 56_000).lease().end()).isEqualTo(61_000);
        assertThatThrownBy(() -> rules.renew(draft(), env, 56_001))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("asked=PT1M0.001S limit=PT1M left=PT56S");
    }

    @Test
    void shouldNotRenewWhatIsOverOrWhatThereIsNot() {
        now = 50_000;
        assertThatThrownBy(() -> unlimited().renew(draft(), running(1_000, 50_000), 1))
                .isInstanceOf(LeaseExpiredException.class)
                .hasMessageContaining("ended_before=PT0S");
        now = 52_000;
        EnvBlock lost = unlimited().withoutExpired(draft(), running(1_000, 50_000));
        assertThatThrownBy(() -> unlimited().renew(draft(), lost, 1))
                .isInstanceOf(LeaseExpiredException.class)
                .hasMessageContaining("ended_before=PT2S");
        assertThatThrownBy(() -> unlimited().renew(draft(), with(asking(0), TWO), 1))
                .isInstanceOf(NotActiveException.class);
    }

    @Test
    void shouldSayThatDevicesWereTakenBackOnlyIfTheyWere() {
        EnvBlock env = running(1_000, 50_000);
        assertThat(LeaseRules.expired(env, () -> 50_000))
                .hasMessageContaining("its devices and locks are for whoever needs them")
                .hasMessageNotContaining("taken back");
        assertThat(LeaseRules.expired(env.expired(), () -> 50_000)).hasMessageContaining("were taken back");
    }

    @Test
    void shouldLastAtLeastAsLongAsWhoJoinsAsks() {
        EnvBlock env = running(1_000, 50_000);
        assertThat(unlimited().joined(env, 10_000).lease().end())
                .as("not shorter")
                .isEqualTo(50_000);
        assertThat(unlimited().joined(env, 100_000).lease()).isEqualTo(new LeaseTime(100_000, 1_000, 105_000));
        assertThat(limited(60_000, -1).joined(env, 100_000).lease().end())
                .as("as long as it may")
                .isEqualTo(61_000);
        EnvBlock without = with(asking(0), TWO);
        assertThat(unlimited().joined(without, 10_000)).as("it keeps them").isSameAs(without);
    }

    private static EnvBlock asking(long lease) {
        return EnvBlock.create(1, "e", OWNER, 0, EnvConfig.empty(), Member.seated(7, 42, 1))
                .withLease(LeaseTime.NONE.withAsked(lease));
    }

    private static EnvBlock with(EnvBlock env, DeviceSet devices) {
        return env.withDevices(devices, false, 0);
    }

    private static EnvBlock running(long begin, long end) {
        return with(asking(60_000), TWO).withLease(new LeaseTime(60_000, begin, end));
    }

    private static EnvBlock begun(EnvBlock before, EnvBlock larger, LeaseRules rules) {
        return rules.begun(before, larger);
    }

    private LeaseRules unlimited() {
        return new LeaseRules(Limits.OfUsers.none(), () -> now);
    }

    private LeaseRules limited(long longest, long usual) {
        return new LeaseRules(uid -> new Limits("/l", -1, -1, -1, -1, -1, longest, usual), () -> now);
    }

    /** One in which nobody holds a lock, and which keeps what is put into it. */
    private Draft draft() {
        InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
            case "put" -> put.add((EnvBlock) arguments[0]);
            case "note" -> notes.add((Note) arguments[0]);
            case "holderCount" -> 0;
            default -> throw new UnsupportedOperationException(method.getName());
        };
        return (Draft) Proxy.newProxyInstance(Draft.class.getClassLoader(), new Class<?>[] {Draft.class}, handler);
    }
}
