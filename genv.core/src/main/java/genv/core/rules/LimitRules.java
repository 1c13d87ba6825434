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
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of the host allows, counted in the state that is changed: so two processes of one user cannot both have the
 * last device that is allowed.
 */
final class LimitRules {
    private final Limits limits;
    private final Draft draft;
    private final EnvBlock block;
    private final long ticket;
    private @Nullable Usage others;
    private @Nullable Usage before;

    /** {@code ticket}: what requests before it ask for counts as if they had it; 0 for what does not stand in line. */
    LimitRules(Limits limits, Draft draft, EnvBlock block, long ticket) {
        this.limits = limits;
        this.draft = draft;
        this.block = block;
        this.ticket = ticket;
    }

    /** For how long something is not allowed. */
    enum Until {
        /** It would not be allowed either if the user had nothing else. */
        EVER,
        /** Until others of the user's environments have given something back. */
        GIVEN_BACK,
        /** Until earlier requests of the user are served, or given up. */
        SERVED_BEFORE
    }

    /** Why something is not allowed. */
    record Refusal(String reason, Until until) {}

    /** Why so many more of these devices are not allowed; null if a choice of them is. */
    @Nullable
    Refusal refusal(DeviceSet from, int missing, Candidates candidates) {
        Refusal refusal = moreDevices(missing);
        return refusal != null ? refusal : wholeDevices(from, missing, candidates);
    }

    /** Why so many more devices are not allowed, whichever they are; null if they are. */
    private @Nullable Refusal moreDevices(int missing) {
        if (limits.isUncounted()) {
            return null;
        }
        int all = block.attachmentCount() + missing;
        if (limits.environmentDevices() >= 0 && all > limits.environmentDevices()) {
            return forEver("more devices than one environment may have", limits.environmentDevices(), all);
        }
        long share = block.gpuMemory();
        if (share != EnvBlock.WHOLE && limits.environmentMemory() >= 0) {
            long memory = Usage.product(share, all);
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
            int had = others().devices();
            int asked = before().devices();
            if (all + had + asked > limits.userDevices()) {
                return forNow(
                        "the user has too many devices for more",
                        limits.userDevices(),
                        all,
                        had,
                        all + had > limits.userDevices() ? "" : " asked_before=" + asked);
            }
        }
        return share == EnvBlock.WHOLE ? null : userMemory(Usage.product(share, all));
    }

    /** Why no choice of so many of these devices is allowed for its memory; null if one is. For whole devices, which differ. */
    private @Nullable Refusal wholeDevices(DeviceSet from, int missing, Candidates candidates) {
        if (!limitsWholeDevices()) {
            return null;
        }
        List<Integer> smallest = bySize(from, candidates);
        long memory = Usage.sum(memoryOf(block, EnvBlock.WHOLE), total(smallest, 0, missing, candidates));
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
        long others = limits.userMemory() < 0 ? 0 : others().plus(before()).memory();
        int count = sorted.size();
        while (count >= missing
                && !isAllowed(Usage.sum(had, total(sorted, count - missing, count, candidates)), others)) {
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
                && (limits.userMemory() < 0 || Usage.sum(memory, others) <= limits.userMemory());
    }

    /** The smallest first; those of unknown memory last. */
    private static List<Integer> bySize(DeviceSet set, Candidates candidates) {
        return set.toList().stream()
                .sorted(Comparator.comparingLong(index -> Usage.known(candidates.total(index))))
                .toList();
    }

    private static long total(List<Integer> indices, int from, int to, Candidates candidates) {
        long memory = 0;
        for (int index : indices.subList(from, to)) {
            memory = Usage.sum(memory, Usage.known(candidates.total(index)));
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
        long had = others().memory();
        long asked = before().memory();
        return Usage.sum(Usage.sum(memory, had), asked) > limits.userMemory()
                ? forNow(
                        "the user has too much device memory for more",
                        Limits.text(limits.userMemory()),
                        shown(memory),
                        shown(had),
                        Usage.sum(memory, had) > limits.userMemory() ? "" : " asked_before=" + shown(asked))
                : null;
    }

    /** Refuses another share of what an environment has if it is larger and too large. */
    void requireShare(EnvConfig config) {
        long after = EnvBlock.share(config);
        if (limits.isUncounted() || block.attachmentCount() == 0) {
            return;
        }
        long memory = memoryOf(block, after);
        if (memory <= memoryOf(block)) {
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

    /** What the other environments of the owner have, dead ones too until they are removed. */
    private Usage others() {
        Usage known = others;
        if (known == null) {
            known = Usage.NONE;
            for (int i = 0; i < draft.envCount(); i++) {
                EnvBlock other = draft.env(i);
                if (other.owner().uid() == block.owner().uid() && other.id() != block.id()) {
                    known = known.plus(other.attachmentCount(), memoryOf(other));
                }
            }
            others = known;
        }
        return known;
    }

    /** What earlier requests of the owner ask for. */
    private Usage before() {
        Usage known = before;
        if (known == null) {
            known = Queue.askedBefore(draft, block.owner().uid(), ticket);
            before = known;
        }
        return known;
    }

    /** What an environment would reserve with a share, or with whole devices. */
    private long memoryOf(EnvBlock env, long share) {
        return share != EnvBlock.WHOLE
                ? Usage.product(share, env.attachmentCount())
                : memoryOf(env, index -> EnvBlock.WHOLE);
    }

    /** What an environment reserves, which need not be what it is configured to. */
    private long memoryOf(EnvBlock env) {
        return memoryOf(env, index -> draft.share(env, index));
    }

    private long memoryOf(EnvBlock env, IntToLongFunction shares) {
        long memory = 0;
        for (int i = 0; i < env.attachmentCount(); i++) {
            int index = EnvBlock.index(env.attachment(i));
            long share = shares.applyAsLong(index);
            memory = Usage.sum(
                    memory,
                    share == EnvBlock.WHOLE ? Usage.known(draft.use(index).total()) : share);
        }
        return memory;
    }

    private Refusal forEver(String fact, Object limit, Object asked) {
        return new Refusal(fact + ": asked=" + asked + " limit=" + limit + whose(), Until.EVER);
    }

    /** {@code before}: what is asked for before, where that is what is too much; otherwise nothing. */
    private Refusal forNow(String fact, Object limit, Object asked, Object used, String before) {
        return new Refusal(
                fact + ": asked=" + asked + " in_use=" + used + before + " limit=" + limit + whose(),
                before.isEmpty() ? Until.GIVEN_BACK : Until.SERVED_BEFORE);
    }

    private String whose() {
        return " user=" + block.owner().username() + " uid=" + block.owner().uid() + " file=" + limits.source();
    }

    private static String shown(long memory) {
        return memory == Usage.UNKNOWN ? "unknown" : Limits.text(memory);
    }
}
