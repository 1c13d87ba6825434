// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.GenvException;
import genv.api.MemorySize;
import genv.api.PlacementCandidate;
import genv.api.PlacementPolicy;
import genv.api.PlacementQuestion;
import genv.api.spi.Device;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks a policy which devices a request is given, and checks its answer. Belongs to one request, and so to one thread.
 *
 * <p>The backend is asked by {@link #prepare}, outside of any transition; the policy within one, on the state that the
 * transition edits.
 */
public final class Chooser {
    /** How old what the backend said may be when a waiting request is tried again. */
    private static final long FRESH_NANOS = 1_000_000_000;

    /** How much of a wrong answer is shown. */
    private static final int SHOWN = 16;

    private final PlacementPolicy policy;
    private final Set<PlacementPolicy.Need> needs;
    private final Supplier<Survey> surveyor;
    private @Nullable Survey survey;
    private long surveyed;

    /** {@code surveyor}: asks the backend what the policy needs. */
    public Chooser(PlacementPolicy policy, Set<PlacementPolicy.Need> needs, Supplier<Survey> surveyor) {
        this.policy = policy;
        this.needs = needs;
        this.surveyor = surveyor;
    }

    /** Asks the backend, unless it has just been asked or what it said cannot change. */
    void prepare() {
        boolean changes =
                needs.contains(PlacementPolicy.Need.SAMPLES) || needs.contains(PlacementPolicy.Need.OUTSIDERS);
        if (survey == null || (changes && System.nanoTime() - surveyed >= FRESH_NANOS)) {
            survey = surveyor.get();
            surveyed = System.nanoTime();
        }
    }

    /**
     * The devices that the policy chooses for an environment.
     *
     * @param has what the environment has, or is given in any case
     * @param from the candidates, at least {@code missing}
     * @throws GenvException if the answer is wrong; it names policy, answer and candidates
     */
    DeviceSet choose(Draft draft, EnvBlock block, DeviceSet has, DeviceSet from, int missing, boolean overSubscribed) {
        Survey known = survey;
        if (known == null) {
            throw new IllegalStateException("the chooser was not prepared: policy=" + policy);
        }
        PlacementQuestion question = new PlacementQuestion(
                missing,
                block.gpuMemory() == EnvBlock.WHOLE
                        ? Optional.empty()
                        : Optional.of(MemorySize.ofBytes(block.gpuMemory())),
                overSubscribed,
                has.toList(),
                candidates(draft, known, from),
                known.connections());
        List<Integer> answer = PolicyCall.ask(policy, question);
        DeviceSet chosen = DeviceSet.EMPTY;
        boolean right = answer != null && answer.size() == missing;
        for (int i = 0; right && i < missing; i++) {
            Integer index = answer.get(i);
            right = index != null && index >= 0 && index < DeviceSet.CAPACITY && from.contains(index);
            chosen = right ? chosen.with(index) : chosen;
        }
        if (!right || chosen.size() != missing) {
            throw new GenvException("the placement policy gave a wrong answer: policy=" + policy + " answer="
                    + (answer == null ? "null" : shown(answer)) + " missing=" + missing + " candidates=" + from
                    + "; nothing was changed: it must choose as many different candidates as are missing");
        }
        return chosen;
    }

    /** The beginning of an answer, which may be of any length. */
    private static String shown(List<Integer> answer) {
        int size = answer.size();
        return size <= SHOWN ? answer.toString() : answer.subList(0, SHOWN) + "… size=" + size;
    }

    private List<PlacementCandidate> candidates(Draft draft, Survey known, DeviceSet from) {
        Set<Long> members = needs.contains(PlacementPolicy.Need.OUTSIDERS) ? members(draft) : Set.of();
        List<PlacementCandidate> list = new ArrayList<>(from.size());
        for (int i = from.next(0); i >= 0; i = from.next(i + 1)) {
            DeviceUse use = draft.use(i);
            Device device = known.devices().get(i);
            if (device == null) {
                throw new IllegalStateException("a candidate was not surveyed: index=" + i);
            }
            list.add(new PlacementCandidate(
                    device,
                    MemorySize.ofBytes(Math.max(use.reserved(), 0)),
                    use.population(),
                    Optional.ofNullable(known.samples().get(i)),
                    outsiders(known.users().getOrDefault(i, Map.of()), members)));
        }
        return list;
    }

    /** Pids are compared without their namespace: a driver does not say in which one it counts. */
    private static Set<Long> members(Draft draft) {
        Set<Long> pids = new HashSet<>();
        for (int i = 0; i < draft.envCount(); i++) {
            for (Member member : draft.env(i).members()) {
                pids.add(member.pid());
            }
        }
        return pids;
    }

    private static List<Long> outsiders(Map<Long, long[]> users, Set<Long> members) {
        return users.entrySet().stream()
                .filter(user -> !members.contains(user.getKey()) && !hasAny(members, user.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.toUnmodifiableList());
    }

    private static boolean hasAny(Set<Long> members, long[] ancestors) {
        for (long pid : ancestors) {
            if (members.contains(pid)) {
                return true;
            }
        }
        return false;
    }
}
