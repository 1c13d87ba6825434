// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class DeviceSetTest {
    /** Every operation against the same one on a sorted set. */
    @RepeatedTest(50)
    void shouldBehaveAsASetOfIndices(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        Set<Integer> a = random(random);
        Set<Integer> b = random(random);
        DeviceSet setA = of(a);
        DeviceSet setB = of(b);

        assertThat(setA.toList()).containsExactlyElementsOf(a);
        assertThat(setA.size()).isEqualTo(a.size());
        assertThat(setA.isEmpty()).isEqualTo(a.isEmpty());
        assertThat(setA.containsAll(setB)).isEqualTo(a.containsAll(b));
        assertThat(setA.intersects(setB)).isEqualTo(a.stream().anyMatch(b::contains));
        Set<Integer> union = new TreeSet<>(a);
        union.addAll(b);
        assertThat(setA.union(setB).toList()).containsExactlyElementsOf(union);
        Set<Integer> rest = new TreeSet<>(a);
        rest.removeAll(b);
        assertThat(setA.minus(setB).toList()).containsExactlyElementsOf(rest);
        Set<Integer> common = new TreeSet<>(a);
        common.retainAll(b);
        assertThat(setA.intersect(setB).toList()).containsExactlyElementsOf(common);
        for (int i = 0; i < 128; i++) {
            assertThat(setA.contains(i)).isEqualTo(a.contains(i));
            assertThat(setA.next(i)).isEqualTo(next(a, i));
            assertThat(setA.with(i).contains(i)).isTrue();
        }
        assertThat(setA.next(128)).isEqualTo(-1);
    }

    @Test
    void shouldKnowTheIndicesOnBothSidesOfTheWordBoundary() {
        assertThat(DeviceSet.of(new int[] {0, 63, 64, 127}).toList()).containsExactly(0, 63, 64, 127);
        assertThat(DeviceSet.of(64)).isEqualTo(new DeviceSet(0, 1));
        assertThat(DeviceSet.EMPTY.next(0)).isEqualTo(-1);
        assertThat(DeviceSet.of(127).next(64)).isEqualTo(127);
        assertThat(DeviceSet.of(3)).hasToString("[3]");
    }

    private static int next(Set<Integer> set, int from) {
        return set.stream().filter(i -> i >= from).findFirst().orElse(-1);
    }

    private static Set<Integer> random(Random random) {
        Set<Integer> set = new TreeSet<>();
        for (int i = random.nextInt(20); i > 0; i--) {
            set.add(random.nextInt(random.nextBoolean() ? 128 : 6));
        }
        return set;
    }

    private static DeviceSet of(Set<Integer> indices) {
        return DeviceSet.of(indices.stream().mapToInt(i -> i).toArray());
    }
}
