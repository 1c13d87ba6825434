// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedWordsTest {
    private static final long MAX_VERSION = (1L << 52) - 1;

    @Test
    void shouldGiveBackVersionAndRecordOfARootWord() {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            long version = random.nextLong() & MAX_VERSION;
            int record = random.nextInt(4096);
            long root = RootWord.of(version, record);

            assertThat(RootWord.version(root)).isEqualTo(version);
            assertThat(RootWord.record(root)).isEqualTo(record);
        }
        assertThat(RootWord.of(1, 0)).isEqualTo(4096);
        assertThat(RootWord.version(RootWord.of(MAX_VERSION, 4095))).isEqualTo(MAX_VERSION);
    }

    @Test
    void shouldTellTheThreeClaimsApart() {
        Random random = new Random(2);
        for (int i = 0; i < 10_000; i++) {
            long version = random.nextLong() & MAX_VERSION;
            long token = random.nextLong() & Long.MAX_VALUE;
            long owned = ClaimWord.owned(token);
            long live = ClaimWord.live(version);
            long free = ClaimWord.free(version);

            assertThat(ClaimWord.token(owned)).isEqualTo(token);
            assertThat(ClaimWord.version(live)).isEqualTo(version);
            assertThat(ClaimWord.version(free)).isEqualTo(version);
            assertThat(kinds(owned)).isEqualTo("owned");
            assertThat(kinds(live)).isEqualTo("live");
            assertThat(kinds(free)).isEqualTo("free");
        }
    }

    @Test
    void shouldPackClaimsAsTheFormatSays() {
        assertThat(ClaimWord.owned(5)).isEqualTo(0x8000_0000_0000_0005L);
        assertThat(ClaimWord.live(5)).isEqualTo(11);
        assertThat(ClaimWord.free(5)).isEqualTo(10);
        assertThat(ClaimWord.free(0)).isZero();
    }

    private static String kinds(long word) {
        return (ClaimWord.isOwned(word) ? "owned" : "")
                + (ClaimWord.isLive(word) ? "live" : "")
                + (ClaimWord.isFree(word) ? "free" : "");
    }
}
