// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ChecksumTest {
    @RepeatedTest(20)
    void shouldNoticeEveryChangedWord(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        long[] words = words(random, 1 + random.nextInt(600));
        long sum = sum(words);

        for (int i = 0; i < words.length; i++) {
            long was = words[i];
            for (long change : changes(random)) {
                words[i] = was ^ change;
                assertThat(sum(words)).as("word %d changed by %x", i, change).isNotEqualTo(sum);
            }
            words[i] = was;
        }
        assertThat(sum(words)).isEqualTo(sum);
    }

    @RepeatedTest(20)
    void shouldNoticeEveryExchangeOfTwoWords(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        long[] words = words(random, 100);
        long sum = sum(words);

        for (int i = 0; i < words.length; i++) {
            for (int j = i + 1; j < words.length; j++) {
                swap(words, i, j);
                assertThat(sum(words)).as("words %d and %d", i, j).isNotEqualTo(sum);
                swap(words, i, j);
            }
        }
    }

    @RepeatedTest(20)
    void shouldNoticeWordsThatMovedByOnePlaceOrBelongToAnotherSection(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        long[] words = words(random, 200);

        for (int from = 0; from < 50; from++) {
            assertThat(Checksum.add(Checksum.start(), words, from + 1, 49, 3))
                    .isNotEqualTo(Checksum.add(Checksum.start(), words, from, 49, 3));
            assertThat(Checksum.add(Checksum.start(), words, from, 49, 4))
                    .isNotEqualTo(Checksum.add(Checksum.start(), words, from, 49, 3));
            assertThat(Checksum.add(Checksum.start(), words[from], 4))
                    .isNotEqualTo(Checksum.add(Checksum.start(), words[from], 3));
        }
    }

    /** The header's words are small numbers with the same upper bits, each summed under a salt of its own. */
    @Test
    void shouldNoticeHeaderWordsThatChangedPlaces() {
        for (int salt = 0; salt < 16; salt++) {
            for (int other = 0; other < salt; other++) {
                for (long[] pair : new long[][] {{2, 5}, {1L << 32, 3L << 32}, {4, 1L << 40}, {0, 1}}) {
                    assertThat(Checksum.add(Checksum.add(0, pair[0], salt), pair[1], other))
                            .isNotEqualTo(Checksum.add(Checksum.add(0, pair[1], salt), pair[0], other));
                }
            }
        }
    }

    @Test
    void shouldTellZerosFromNothing() {
        long[] zeros = new long[3];

        assertThat(Checksum.add(Checksum.start(), zeros, 0, 2, 1))
                .isNotEqualTo(Checksum.add(Checksum.start(), zeros, 0, 3, 1));
        assertThat(Checksum.start()).isNotZero();
    }

    @RepeatedTest(20)
    void shouldNoticeEveryChangedMemberOfASetWhateverItsOrder(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        long[] members = words(random, 1 + random.nextInt(400));
        long sum = Checksum.ofMembers(members, members.length);

        for (int i = 0; i < members.length; i++) {
            long was = members[i];
            for (long change : changes(random)) {
                members[i] = was ^ change;
                assertThat(Checksum.ofMembers(members, members.length)).isNotEqualTo(sum);
            }
            members[i] = was;
            swap(members, i, random.nextInt(members.length));
            assertThat(Checksum.ofMembers(members, members.length)).isEqualTo(sum);
        }
    }

    /** The sums of the format: another sum makes every file of another version look damaged. */
    @Test
    void shouldGiveTheSumsOfTheFormat() {
        assertThat(Checksum.add(Checksum.start(), new long[] {1, 2, 3}, 0, 3, 1))
                .isEqualTo(WORDS);
        assertThat(Checksum.add(Checksum.start(), 7, 5)).isEqualTo(WORD);
        assertThat(Checksum.ofMember(7)).isEqualTo(MEMBER);
    }

    private static final long WORDS = 0x723c_d0b4_3e32_db74L;
    private static final long WORD = 0x9ff6_cee3_b16e_67b7L;
    private static final long MEMBER = 0x5384_5410_e72b_c432L;

    private static long sum(long[] words) {
        return Checksum.add(Checksum.start(), words, 0, words.length, 2);
    }

    private static long[] words(Random random, int count) {
        long[] words = new long[count];
        for (int i = 0; i < count; i++) {
            words[i] =
                    random.nextInt(4) == 0 ? random.nextInt(100) : random.nextLong(); // small numbers are common here
        }
        // pairwise different, since an exchange of equal words is no change
        return java.util.Arrays.stream(words).distinct().toArray();
    }

    private static long[] changes(Random random) {
        return new long[] {
            1, Long.MIN_VALUE, 1L << random.nextInt(64), 0xffL << (8 * random.nextInt(8)), random.nextLong() | 1, -1
        };
    }

    private static void swap(long[] words, int i, int j) {
        long word = words[i];
        words[i] = words[j];
        words[j] = word;
    }
}
