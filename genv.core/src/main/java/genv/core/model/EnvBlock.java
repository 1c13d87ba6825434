// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * All that the state knows of one environment. Immutable: a change makes a new block.
 *
 * <p>An attachment is packed into one long: the time in milliseconds since 1970, shifted left by 16, bit 15 for one that was
 * over-subscribed on purpose, and the device index in the lower 7 bits. The attachments ascend by index.
 */
public final class EnvBlock {
    /** {@link #gpuMemory()} of an environment without a share: it reserves whole devices. */
    public static final long WHOLE = -1;

    private static final long[] NO_ATTACHMENTS = {};

    private static final long MOST_COUNTED = 1L << 50;

    private static final int SINCE_SHIFT = 16;
    private static final long OVER_SUBSCRIBED = 1 << 15;
    private static final long INDEX_MASK = 0x7f;

    private final Identity identity;
    private final EnvConfig config;
    private final long[] attachments;
    private final List<Member> members;
    private final DeviceSet devices;
    private final LeaseTime lease;

    /** The texts as they are written, once somebody asked for them. Racy: whoever does not see them makes the same again. */
    private long @Nullable [] texts;

    /**
     * What never changes about an environment.
     *
     * @param id the version at which it was created: unique while the host is up, unlike the identifier
     * @param eid the identifier
     * @param hash the {@link EidHash} of the identifier
     * @param created milliseconds since 1970
     */
    public record Identity(long id, String eid, int hash, Owner owner, long created) {}

    /** For codecs. The arguments are kept, not copied. */
    public EnvBlock(Identity identity, EnvConfig config, long[] attachments, List<Member> members) {
        this(identity, config, attachments, members, LeaseTime.NONE);
    }

    /** For codecs. The arguments are kept, not copied. */
    public EnvBlock(Identity identity, EnvConfig config, long[] attachments, List<Member> members, LeaseTime lease) {
        this(identity, config, attachments, members, setOf(attachments), lease, null);
    }

    private EnvBlock(
            Identity identity,
            EnvConfig config,
            long[] attachments,
            List<Member> members,
            DeviceSet devices,
            LeaseTime lease,
            long @Nullable [] texts) {
        this.identity = identity;
        this.config = config;
        this.attachments = attachments;
        this.members = members;
        this.devices = devices;
        this.lease = lease;
        this.texts = texts;
    }

    /** The user to whom an environment belongs. */
    public record Owner(long uid, String username) {}

    /** A new environment with one member and no device. */
    public static EnvBlock create(long id, String eid, Owner owner, long now, EnvConfig config, Member member) {
        Identity identity = new Identity(id, eid, EidHash.of(eid), owner, now);
        return new EnvBlock(identity, config, NO_ATTACHMENTS, List.of(member), DeviceSet.EMPTY, LeaseTime.NONE, null);
    }

    public Identity identity() {
        return identity;
    }

    public long id() {
        return identity.id();
    }

    public String eid() {
        return identity.eid();
    }

    public int hash() {
        return identity.hash();
    }

    public Owner owner() {
        return identity.owner();
    }

    /** Milliseconds since 1970. */
    public long created() {
        return identity.created();
    }

    public EnvConfig config() {
        return config;
    }

    /** What it reserves of each of its devices, bytes, or {@link #WHOLE}. */
    public long gpuMemory() {
        Optional<MemorySize> memory = config.gpuMemory();
        return memory.isPresent() ? memory.get().bytes() : WHOLE;
    }

    /** What an environment of that configuration reserves of each device. */
    public static long share(EnvConfig config) {
        return config.gpuMemory().map(MemorySize::bytes).orElse(WHOLE);
    }

    public int attachmentCount() {
        return attachments.length;
    }

    /** A packed attachment. */
    public long attachment(int position) {
        return attachments[position];
    }

    public static int index(long attachment) {
        return (int) (attachment & INDEX_MASK);
    }

    public static boolean isOverSubscribed(long attachment) {
        return (attachment & OVER_SUBSCRIBED) != 0;
    }

    /** Milliseconds since 1970. */
    public static long since(long attachment) {
        return attachment >>> SINCE_SHIFT;
    }

    /** For how long it has its devices. */
    public LeaseTime lease() {
        return lease;
    }

    public DeviceSet devices() {
        return devices;
    }

    public List<Member> members() {
        return members;
    }

    /** Its texts, encoded by {@link EnvTexts}. The array is not copied. */
    public long[] texts() {
        long[] known = texts;
        if (known == null) {
            known = EnvTexts.encode(
                    identity.eid(), config.name(), identity.owner().username());
            texts = known;
        }
        return known;
    }

    public EnvBlock withConfig(EnvConfig newConfig) {
        return new EnvBlock(identity, newConfig, attachments, members, devices, lease, null);
    }

    public EnvBlock withDevices(DeviceSet added, boolean overSubscribed, long now) {
        long[] all = Arrays.copyOf(attachments, attachments.length + added.size());
        int n = attachments.length;
        for (int i = added.next(0); i >= 0; i = added.next(i + 1)) {
            all[n++] = now << SINCE_SHIFT | (overSubscribed ? OVER_SUBSCRIBED : 0) | i;
        }
        sortByIndex(all);
        return new EnvBlock(identity, config, all, members, devices.union(added), lease, texts);
    }

    public EnvBlock withoutDevices(DeviceSet removed) {
        long[] rest = new long[attachments.length];
        int n = 0;
        for (long attachment : attachments) {
            if (!removed.contains(index(attachment))) {
                rest[n++] = attachment;
            }
        }
        LeaseTime left = n == 0 ? lease.stopped() : lease;
        return new EnvBlock(identity, config, Arrays.copyOf(rest, n), members, devices.minus(removed), left, texts);
    }

    /** It without devices and with the end of its lease, which tells why it has none. */
    public EnvBlock expired() {
        return new EnvBlock(identity, config, NO_ATTACHMENTS, members, DeviceSet.EMPTY, lease, texts);
    }

    public EnvBlock withLease(LeaseTime changed) {
        return new EnvBlock(identity, config, attachments, members, devices, changed, texts);
    }

    public EnvBlock withMember(Member member) {
        List<Member> all = new ArrayList<>(members.size() + 1);
        boolean known = false;
        for (Member m : members) {
            boolean same = m.sameProcess(member);
            all.add(same ? m.withCount(m.count() + member.count()) : m);
            known |= same;
        }
        if (!known) {
            all.add(member);
        }
        return withMembers(all);
    }

    /** Takes one membership of that process away; without an effect where it has none. */
    public EnvBlock withoutMember(Member member) {
        List<Member> rest = new ArrayList<>(members.size());
        for (Member m : members) {
            if (!m.sameProcess(member)) {
                rest.add(m);
            } else if (m.count() > 1) {
                rest.add(m.withCount(m.count() - 1));
            }
        }
        return withMembers(rest);
    }

    public EnvBlock withMembers(List<Member> newMembers) {
        return new EnvBlock(identity, config, attachments, List.copyOf(newMembers), devices, lease, texts);
    }

    /** A configuration from its stored parts: -1 stands for an absent number. */
    public static EnvConfig config(Optional<String> name, int gpus, long gpuMemory) {
        EnvConfig.Builder builder = EnvConfig.builder();
        name.ifPresent(builder::name);
        if (gpus >= 0) {
            builder.gpus(gpus);
        }
        if (gpuMemory != WHOLE) {
            builder.gpuMemory(MemorySize.ofBytes(gpuMemory));
        }
        return builder.build();
    }

    /**
     * What a share counts in the sum of a device's shares: at most more than any device has, so that no sum overflows.
     * Over-subscription does not look at memory, so shares may be of any size.
     */
    public static long counted(long gpuMemory) {
        return Math.min(gpuMemory, MOST_COUNTED);
    }

    /** The number of devices that is configured, or -1. */
    public static int gpus(EnvConfig config) {
        OptionalInt gpus = config.gpus();
        return gpus.isPresent() ? gpus.getAsInt() : -1;
    }

    private static void sortByIndex(long[] attachments) {
        for (int i = 1; i < attachments.length; i++) {
            long a = attachments[i];
            int j = i - 1;
            for (; j >= 0 && index(attachments[j]) > index(a); j--) {
                attachments[j + 1] = attachments[j];
            }
            attachments[j + 1] = a;
        }
    }

    private static DeviceSet setOf(long[] attachments) {
        DeviceSet set = DeviceSet.EMPTY;
        for (long attachment : attachments) {
            set = set.with(index(attachment));
        }
        return set;
    }
}
