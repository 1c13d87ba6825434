// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlacementPolicyTest {
    @Test
    void shouldTakeTheLowestIndicesByDefault() {
        assertThat(PlacementPolicy.firstFit().choose(ask(2, free(3), free(5), free(7))))
                .containsExactly(3, 5);
        assertThat(PlacementPolicy.firstFit().needs()).isEmpty();
    }

    @Test
    void shouldLeaveLeastMemoryOverWithBestFit() {
        PlacementCandidate unknown = new PlacementCandidate(
                Device.builder(0, "u").build(), MemorySize.ofBytes(0), 0, Optional.empty(), List.of());
        assertThat(PlacementPolicy.bestFit()
                        .choose(ask(3, unknown, sized(1, "16g", "0"), sized(2, "16g", "10g"), sized(3, "8g", "2g"))))
                .as("6g, 6g by index, 16g; what is unknown last")
                .containsExactly(2, 3, 1);
    }

    @Test
    void shouldTakeTheMostIdle() {
        assertThat(PlacementPolicy.mostIdle()
                        .choose(ask(
                                4, free(0), busy(1, 5, "1g"), busy(2, 0, "2g"), busy(3, 0, "1g"), busy(4, 90, "0"))))
                .as("by utilization, then memory; one that does not report comes last")
                .containsExactly(3, 2, 1, 4);
        assertThat(PlacementPolicy.mostIdle().needs()).containsExactly(PlacementPolicy.Need.SAMPLES);
    }

    @Test
    void shouldAvoidOutsidersButNotRefuse() {
        PlacementPolicy policy = PlacementPolicy.avoidOutsiders();
        assertThat(policy.choose(ask(2, used(0, 71, 72), used(1, 73), free(2)))).containsExactly(2, 1);
        assertThat(policy.choose(ask(1, free(0), busy(1, 0, "0"))))
                .as("known to have none")
                .containsExactly(1);
        assertThat(policy.needs())
                .containsExactlyInAnyOrder(PlacementPolicy.Need.OUTSIDERS, PlacementPolicy.Need.SAMPLES);
    }

    @Test
    void shouldTakeThoseThatAreClosest() {
        BiFunction<Integer, Integer, Optional<Closeness>> pairs =
                (a, b) -> Optional.of(a / 2 == b / 2 ? Closeness.NVLINK : Closeness.SYSTEM);
        assertThat(PlacementPolicy.closestTogether().choose(ask(2, pairs, List.of(), free(1), free(2), free(3))))
                .containsExactly(2, 3);
        assertThat(PlacementPolicy.closestTogether()
                        .choose(ask(1, pairs, List.of(5), free(0), free(2), free(4), free(7))))
                .as("close to what the environment has")
                .containsExactly(4);
        assertThat(PlacementPolicy.closestTogether().choose(ask(2, free(4), free(5), free(6))))
                .as("the lowest where nothing is known")
                .containsExactly(4, 5);
    }

    @Test
    void shouldSpareTheFarthestPairBeforeTheSum() {
        // 0-1-2 in a chain of good links whose ends are far; 3-4-5 all middling
        BiFunction<Integer, Integer, Optional<Closeness>> links = (a, b) -> {
            if (a >= 3 && b >= 3) {
                return Optional.of(Closeness.MULTIPLE_SWITCHES);
            }
            return Optional.of(Math.abs(a - b) == 1 && Math.max(a, b) < 3 ? Closeness.SAME_BOARD : Closeness.SYSTEM);
        };
        assertThat(PlacementPolicy.closestTogether()
                        .choose(ask(3, links, List.of(), free(0), free(1), free(2), free(3), free(4), free(5))))
                .containsExactly(3, 4, 5);
    }

    @Test
    void shouldFindAClusterAmongMany() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        List<Integer> cluster = List.of(3, 17, 40, 41, 66, 90, 111, 127);
        BiFunction<Integer, Integer, Optional<Closeness>> links = (a, b) ->
                Optional.of(cluster.contains(a) && cluster.contains(b) ? Closeness.SINGLE_SWITCH : Closeness.NUMA_NODE);
        List<PlacementCandidate> all = new ArrayList<>(
                IntStream.range(0, 128).mapToObj(PlacementPolicyTest::free).toList());
        Collections.shuffle(all, Random.from(random));
        PlacementQuestion question = new PlacementQuestion(8, Optional.empty(), false, List.of(), all, links);
        assertThat(PlacementPolicy.closestTogether().choose(question)).isEqualTo(cluster);
    }

    @Test
    void shouldLetTheNextPolicyDecideBetweenEquals() {
        BiFunction<Integer, Integer, Optional<Closeness>> links =
                (a, b) -> Optional.of(a + b == 7 ? Closeness.NVLINK : Closeness.SYSTEM);
        PlacementPolicy policy = PlacementPolicy.avoidOutsiders().then(PlacementPolicy.closestTogether());
        assertThat(policy.choose(ask(2, links, List.of(), free(0), used(2, 9), free(3), free(4), used(5, 9), free(6))))
                .as("3 and 4 are close and nobody's; so are 2 and 5, but they are used")
                .containsExactly(3, 4);
        assertThat(policy.choose(ask(3, links, List.of(), free(1), used(3, 9), used(4, 9, 8), used(6, 9))))
                .as("1 in any case; then two of 3 and 6, which are equal")
                .containsExactlyInAnyOrder(1, 3, 6);
        assertThat(policy.choose(ask(2, links, List.of(), free(1), used(3, 9), used(4, 9), used(6, 9))))
                .as("the rest is close to what was taken in any case")
                .containsExactlyInAnyOrder(1, 6);
        assertThat(policy.needs())
                .containsExactlyInAnyOrder(
                        PlacementPolicy.Need.OUTSIDERS, PlacementPolicy.Need.SAMPLES, PlacementPolicy.Need.CLOSENESS);
        assertThat(policy).hasToString("avoidOutsiders.then(closestTogether)");
    }

    @Test
    void shouldRefineAnOrderByAnother() {
        PlacementOrder odd = PlacementPolicy.by(Comparator.comparing(candidate -> candidate.index() % 2 == 0));
        assertThat(odd.then(PlacementPolicy.mostIdle())
                        .choose(ask(3, busy(1, 9, "0"), busy(2, 0, "0"), busy(3, 3, "0"), busy(4, 1, "0"))))
                .containsExactly(3, 1, 2);
    }

    @Test
    void shouldTellWhatALambdaNeeds() {
        PlacementPolicy first =
                question -> List.of(question.candidates().getFirst().index());
        PlacementPolicy policy = first.needing(PlacementPolicy.Need.SAMPLES, PlacementPolicy.Need.CLOSENESS);
        assertThat(policy.needs())
                .containsExactlyInAnyOrder(PlacementPolicy.Need.SAMPLES, PlacementPolicy.Need.CLOSENESS);
        assertThat(policy.choose(ask(1, free(4)))).containsExactly(4);
    }

    @Test
    void shouldRefuseAQuestionThatHasNoAnswer() {
        assertThatThrownBy(() -> ask(2, free(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing=2 candidates=1");
    }

    private static PlacementQuestion ask(int missing, PlacementCandidate... candidates) {
        return ask(missing, (a, b) -> Optional.empty(), List.of(), candidates);
    }

    private static PlacementQuestion ask(
            int missing,
            BiFunction<Integer, Integer, Optional<Closeness>> connections,
            List<Integer> attached,
            PlacementCandidate... candidates) {
        return new PlacementQuestion(missing, Optional.empty(), false, attached, List.of(candidates), connections);
    }

    private static PlacementCandidate free(int index) {
        return sized(index, "16g", "0");
    }

    private static PlacementCandidate sized(int index, String total, String reserved) {
        return new PlacementCandidate(device(index, total), MemorySize.parse(reserved), 0, Optional.empty(), List.of());
    }

    private static PlacementCandidate busy(int index, int percent, String memory) {
        DeviceSample sample = DeviceSample.builder()
                .gpuUtilization(percent)
                .memoryUsed(MemorySize.parse(memory))
                .processes(List.of())
                .build();
        return new PlacementCandidate(device(index, "16g"), MemorySize.ofBytes(0), 0, Optional.of(sample), List.of());
    }

    private static PlacementCandidate used(int index, long... pids) {
        return new PlacementCandidate(
                device(index, "16g"),
                MemorySize.ofBytes(0),
                0,
                Optional.empty(),
                Arrays.stream(pids).boxed().toList());
    }

    private static Device device(int index, String total) {
        return Device.builder(index, "GPU-" + index)
                .totalMemory(MemorySize.parse(total))
                .build();
    }
}
