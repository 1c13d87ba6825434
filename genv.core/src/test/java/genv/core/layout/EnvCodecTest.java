// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.core.model.DeviceSet;
import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class EnvCodecTest {
    private static final String LETTERS = "abcXYZ019._-";
    private static final String NAMES = "aZ0 äöüßÄÖÜ漢字éñ/:'\"\\👍";

    @RepeatedTest(200)
    void shouldGiveBackEveryBlock(RepetitionInfo seed) {
        EnvBlock block = randomBlock(new Random(seed.getCurrentRepetition()));

        long[] words = encoded(block);

        assertSame(EnvCodec.decode(words, words.length), block);
        // what lies behind the words is not part of them
        assertSame(EnvCodec.decode(Arrays.copyOf(words, words.length + 7), words.length), block);
        assertThat(words.length).isLessThanOrEqualTo(EnvCodec.MAX_WORDS);
    }

    @Test
    void shouldGiveBackTheLargestBlockThatTheLimitsAllow() {
        String name = "漢".repeat(128);
        EnvBlock block = new EnvBlock(
                        new EnvBlock.Identity(
                                (1L << 52) - 1,
                                "e".repeat(128),
                                EidHash.of("e".repeat(128)),
                                new EnvBlock.Owner(0xffff_fffeL, "ü".repeat(64)),
                                Long.MAX_VALUE >>> 20),
                        EnvConfig.builder()
                                .name(name)
                                .gpus(1024)
                                .gpuMemory(MemorySize.ofBytes(Long.MAX_VALUE))
                                .build(),
                        new long[0],
                        List.of())
                .withDevices(new DeviceSet(-1, -1), true, System.currentTimeMillis());

        long[] words = encoded(block);

        assertSame(EnvCodec.decode(words, words.length), block);
    }

    @Test
    void shouldLieInOneCellWhenItIsAnOrdinaryEnvironment() {
        EnvBlock block = EnvBlock.create(
                        1,
                        "1234567",
                        new EnvBlock.Owner(1000, "somebody"),
                        1,
                        EnvConfig.builder().name("my training").gpus(2).build(),
                        Member.seated(1, 2, 3))
                .withDevices(new DeviceSet(0xff, 0), false, 1);

        assertThat(encoded(block).length).isLessThanOrEqualTo(CellLayout.PAYLOAD_WORDS);
    }

    @RepeatedTest(50)
    void shouldRefuseDamagedWordsInOneOfTwoWays(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        long[] words = encoded(randomBlock(random));

        for (int i = 0; i < 2000; i++) {
            long[] damaged = words.clone();
            for (int n = random.nextInt(3); n >= 0; n--) {
                damaged[random.nextInt(random.nextBoolean() ? 7 : damaged.length)] ^=
                        random.nextBoolean() ? 1L << random.nextInt(64) : random.nextLong();
            }
            int count = random.nextInt(4) == 0 ? random.nextInt(-2, words.length + 10) : words.length;
            decodeOrRefuse(damaged, count);
        }
    }

    @RepeatedTest(5)
    void shouldRefuseRandomWordsInOneOfTwoWays(RepetitionInfo seed) {
        Random random = new Random(seed.getCurrentRepetition());
        for (int i = 0; i < 5000; i++) {
            long[] words = random.longs(random.nextInt(40)).toArray();
            decodeOrRefuse(words, words.length);
        }
    }

    @Test
    void shouldRefuseWhatDoesNotMakeUpAnEnvironment() {
        assertThatThrownBy(() -> EnvCodec.decode(new long[7], 6)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> EnvCodec.decode(new long[7], 8)).isInstanceOf(IllegalArgumentException.class);

        long[] manyMembers = new long[8];
        manyMembers[5] = Long.MAX_VALUE; // 2^31 - 1 members: nothing of that size may be allocated
        assertThatThrownBy(() -> EnvCodec.decode(manyMembers, 8)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void decodeOrRefuse(long[] words, int count) {
        try {
            EnvCodec.decode(words, count);
        } catch (IndexOutOfBoundsException | IllegalArgumentException documented) {
            // what the caller counts on
        }
    }

    private static void assertSame(EnvBlock found, EnvBlock expected) {
        assertThat(found.identity()).isEqualTo(expected.identity());
        assertThat(found.config()).isEqualTo(expected.config());
        assertThat(found.members()).isEqualTo(expected.members());
        assertThat(found.devices()).isEqualTo(expected.devices());
        assertThat(found.lease()).isEqualTo(expected.lease());
        assertThat(found.attachmentCount()).isEqualTo(expected.attachmentCount());
        for (int i = 0; i < expected.attachmentCount(); i++) {
            assertThat(found.attachment(i)).isEqualTo(expected.attachment(i));
        }
    }

    private static EnvBlock randomBlock(Random random) {
        String eid = text(random, LETTERS, 1 + random.nextInt(128));
        EnvBlock.Owner owner = new EnvBlock.Owner(
                random.nextBoolean() ? random.nextInt(100_000) : random.nextLong(1L << 32),
                text(random, NAMES, random.nextInt(32)));
        EnvBlock.Identity identity = new EnvBlock.Identity(
                random.nextLong(1L << 52), eid, EidHash.of(eid), owner, random.nextLong(1L << 43));
        EnvConfig.Builder config = EnvConfig.builder();
        if (random.nextBoolean()) {
            config.name(text(random, NAMES, 1 + random.nextInt(64)));
        }
        if (random.nextBoolean()) {
            config.gpus(random.nextInt(1025));
        }
        if (random.nextBoolean()) {
            config.gpuMemory(MemorySize.ofBytes(1 + random.nextLong(Long.MAX_VALUE)));
        }
        List<Member> members = new ArrayList<>();
        for (int i = 1 + random.nextInt(60); i > 0; i--) {
            members.add(new Member(
                    random.nextBoolean() ? Member.Kind.SEATED : Member.Kind.ADOPTED,
                    random.nextLong(1L << 62),
                    random.nextLong(1L << 32),
                    random.nextLong(),
                    1 + random.nextInt(1 << 20)));
        }
        EnvBlock block = new EnvBlock(identity, config.build(), new long[0], List.copyOf(members));
        int devices = random.nextInt(129);
        DeviceSet set = DeviceSet.EMPTY;
        for (int i = 0; i < devices; i++) {
            set = set.with(random.nextInt(128));
        }
        DeviceSet later = DeviceSet.of(random.nextInt(128)).minus(set);
        LeaseTime lease = random.nextBoolean()
                ? LeaseTime.NONE
                : new LeaseTime(random.nextLong(1L << 45), random.nextLong(1L << 45), random.nextLong(1L << 46));
        return block.withLease(lease)
                .withDevices(set, random.nextBoolean(), random.nextLong(1L << 43))
                .withDevices(later, random.nextBoolean(), random.nextLong(1L << 43));
    }

    private static String text(Random random, String from, int length) {
        int[] points = from.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.appendCodePoint(points[random.nextInt(points.length)]);
        }
        return text.toString();
    }

    private static long[] encoded(EnvBlock block) {
        long[] words = new long[EnvCodec.size(block)];
        EnvCodec.encode(block, words);
        return words;
    }
}
