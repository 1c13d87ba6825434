// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of the host allows, counted in the state that is changed: so two processes of one user cannot both have the
 * last device that is allowed.
 */
final class LimitRules {
    /** More than any sum of memory that is compared with. */
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final Limits limits;
    private final Draft draft;
    private final EnvBlock block;

    LimitRules(Limits limits, Draft draft, EnvBlock block) {
        this.limits = limits;
        this.draft = draft;
        this.block = block;
    }

    /**
     * Why something is not allowed.
     *
     * @param isForEver whether it would not be allowed either if the user had nothing else
     */
    record Refusal(String reason, boolean isForEver) {}

    /** Why so many more devices are not allowed, whichever they are; null if they are. */
    @Nullable
    Refusal moreDevices(int missing) {
        if (limits.equals(Limits.NONE)) {
            return null;
        }
        int all = block.attachmentCount() + missing;
        if (limits.environmentDevices() >= 0 && all > limits.environmentDevices()) {
            return forEver("more devices than one environment may have", limits.environmentDevices(), all);
        }
        long share = block.gpuMemory();
        if (share != EnvBlock.WHOLE && limits.environmentMemory() >= 0) {
            long memory = product(share, all);
            if (memory > limits.environmentMemory()) {
                return forEver(
                        "more device memory than one environment may have",
                        Limits.text(limits.environmentMemory()),
                        Limits.text(memory));
            }
        }
        if (limits.userDevices() >= 0) {
            if (all > limits.userDevices()) {
                return forEver("more devices than a user may have", limits.userDevices(), all);
            }
            int others = others().devices();
            if (all + others > limits.userDevices()) {
                return forNow("the user has too many devices for more", limits.userDevices(), all, others);
            }
        }
        return share == EnvBlock.WHOLE ? null : userMemory(product(share, all));
    }

    /** Why no choice of so many of these devices is allowed for its memory; null if one is. For whole devices, which differ. */
    @Nullable
    Refusal wholeDevices(DeviceSet from, int missing, Candidates candidates) {
        if (!limitsWholeDevices()) {
            return null;
        }
        List<Integer> smallest = bySize(from, candidates);
        long memory = sum(memoryOf(block, EnvBlock.WHOLE), total(smallest, 0, missing, candidates));
        if (limits.environmentMemory() >= 0 && memory > limits.environmentMemory()) {
            return forEver(
                    "more device memory than one environment may have",
                    Limits.text(limits.environmentMemory()),
                    shown(memory));
        }
        return userMemory(memory);
    }

    /**
     * Those of a set of which any so many are allowed together for their memory: without the largest, if need be, so that it
     * does not depend on a policy whether a request is granted. Fewer than so many if no choice is allowed.
     */
    DeviceSet affordable(DeviceSet set, int missing, Candidates candidates) {
        if (!limitsWholeDevices()) {
            return set;
        }
        List<Integer> sorted = bySize(set, candidates);
        long had = memoryOf(block, EnvBlock.WHOLE);
        long others = limits.userMemory() < 0 ? 0 : others().memory();
        int count = sorted.size();
        while (count >= missing && !isAllowed(sum(had, total(sorted, count - missing, count, candidates)), others)) {
            count--;
        }
        DeviceSet result = DeviceSet.EMPTY;
        for (int index : sorted.subList(0, count)) {
            result = result.with(index);
        }
        return result;
    }

    private boolean limitsWholeDevices() {
        return block.gpuMemory() == EnvBlock.WHOLE && (limits.environmentMemory() >= 0 || limits.userMemory() >= 0);
    }

    private boolean isAllowed(long memory, long others) {
        return (limits.environmentMemory() < 0 || memory <= limits.environmentMemory())
                && (limits.userMemory() < 0 || sum(memory, others) <= limits.userMemory());
    }

    /** The smallest first; those of unknown memory last. */
    private static List<Integer> bySize(DeviceSet set, Candidates candidates) {
        return set.toList().stream()
                .sorted(Comparator.comparingLong(index -> known(candidates.total(index))))
                .toList();
    }

    private static long total(List<Integer> indices, int from, int to, Candidates candidates) {
        long memory = 0;
        for (int index : indices.subList(from, to)) {
            memory = sum(memory, known(candidates.total(index)));
        }
        return memory;
    }

    private @Nullable Refusal userMemory(long memory) {
        if (limits.userMemory() < 0) {
            return null;
        }
        if (memory > limits.userMemory()) {
            return forEver("more device memory than a user may have", Limits.text(limits.userMemory()), shown(memory));
        }
        long others = others().memory();
        return sum(memory, others) > limits.userMemory()
                ? forNow(
                        "the user has too much device memory for more",
                        Limits.text(limits.userMemory()),
                        shown(memory),
                        shown(others))
                : null;
    }

    /** Refuses another share of what an environment has if it is larger and too large. */
    void requireShare(EnvConfig config) {
        long after = EnvBlock.share(config);
        if (limits.equals(Limits.NONE) || after == block.gpuMemory() || block.attachmentCount() == 0) {
            return;
        }
        long memory = memoryOf(block, after);
        if (memory <= memoryOf(block, block.gpuMemory())) {
            return;
        }
        Refusal refusal = limits.environmentMemory() >= 0 && memory > limits.environmentMemory()
                ? forEver(
                        "more device memory than one environment may have",
                        Limits.text(limits.environmentMemory()),
                        shown(memory))
                : userMemory(memory);
        if (refusal != null) {
            throw new DevicesUnavailableException(
                    refusal.reason() + "; nothing was changed: ask for less",
                    block.attachmentCount(),
                    List.of(),
                    List.of());
        }
    }

    /** Why a lease of so many milliseconds is not allowed, or null. */
    static @Nullable String lease(Limits limits, long millis) {
        return limits.longestLease() < 0 || millis <= limits.longestLease()
                ? null
                : "the lease is longer than the owner of the host allows: asked=" + Duration.ofMillis(millis)
                        + " limit="
                        + limits.longestLeaseText() + " file=" + limits.source()
                        + "; ask for a shorter one, or for none: then it is as long as it may be";
    }

    private record Sum(int devices, long memory) {}

    /** What the other environments of the owner have, dead ones too until they are removed. */
    private Sum others() {
        int devices = 0;
        long memory = 0;
        for (int i = 0; i < draft.envCount(); i++) {
            EnvBlock other = draft.env(i);
            if (other.owner().uid() == block.owner().uid() && other.id() != block.id()) {
                devices += other.attachmentCount();
                memory = sum(memory, memoryOf(other, other.gpuMemory()));
            }
        }
        return new Sum(devices, memory);
    }

    /** What an environment reserves with a share, or with whole devices. */
    private long memoryOf(EnvBlock env, long share) {
        if (share != EnvBlock.WHOLE) {
            return product(share, env.attachmentCount());
        }
        long memory = 0;
        for (int i = 0; i < env.attachmentCount(); i++) {
            memory = sum(
                    memory, known(draft.use(EnvBlock.index(env.attachment(i))).total()));
        }
        return memory;
    }

    private Refusal forEver(String fact, Object limit, Object asked) {
        return new Refusal(fact + ": asked=" + asked + " limit=" + limit + whose(), true);
    }

    private Refusal forNow(String fact, Object limit, Object asked, Object used) {
        return new Refusal(fact + ": asked=" + asked + " in_use=" + used + " limit=" + limit + whose(), false);
    }

    private String whose() {
        return " user=" + block.owner().username() + " uid=" + block.owner().uid() + " file=" + limits.source();
    }

    private static long known(long total) {
        return total < 0 ? UNKNOWN : total;
    }

    private static String shown(long memory) {
        return memory == UNKNOWN ? "unknown" : Limits.text(memory);
    }

    private static long sum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? UNKNOWN : sum;
    }

    private static long product(long share, int count) {
        long product = share * count;
        return count != 0 && (product / count != share || product < 0) ? UNKNOWN : product;
    }
}
