// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvConfig;
import genv.api.LockMode;
import genv.core.layout.CellLayout;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A state with everything in it must lie in the file word for word as it always did in this version of the format.
 *
 * <p>Two versions of the library that do not agree on a word, and do not say so, corrupt each other's state.
 */
class FormatFingerprintTest {
    private static final long VERSION = 3;
    private static final String FINGERPRINT = "9cec66a269e8ad0d05c4a22f65bcdc257e2a67db4ba6d430e768a0db69f2ffc6";

    @TempDir
    private Path directory;

    @Test
    void shouldLieInTheFileAsThisVersionOfTheFormatSays() throws NoSuchAlgorithmException {
        try (StateFixture state = new StateFixture(directory)) {
            fill(state.process(5));

            assertThat(FileLayout.FORMAT_VERSION + " " + fingerprint(state))
                    .as("the bytes in the state file have changed: raise FileLayout.FORMAT_VERSION, then write the new"
                            + " version and fingerprint into this test")
                    .isEqualTo(VERSION + " " + FINGERPRINT);
        }
    }

    private static void fill(Transitions process) {
        process.transact(draft -> {
            EnvConfig config =
                    EnvConfig.builder().name("Größe 漢").gpus(3).gpuMemory("3g").build();
            EnvBlock block = EnvBlock.create(
                            draft.nextVersion(),
                            "first-env",
                            new EnvBlock.Owner(1000, "jürgen"),
                            1_700_000_000_123L,
                            config,
                            Member.seated(5, 4711, 4_026_531_836L))
                    .withMember(Member.adopted(123_456, 4712, 4_026_531_836L))
                    .withMember(Member.seated(5, 4711, 4_026_531_836L));
            draft.describe(2, 16_000_000_000L, "GPU-2".hashCode());
            draft.describe(70, 24_000_000_000L, "GPU-70".hashCode());
            draft.put(block.withDevices(DeviceSet.of(new int[] {2, 70}), false, 1_700_000_000_456L)
                    .withDevices(DeviceSet.of(5), true, 1_700_000_000_789L));
            return null;
        });
        process.transact(draft -> {
            EnvBlock other =
                    StateFixture.env(draft, "other", 6).withLease(new LeaseTime(3_600_000, 5_000_000, 8_600_000));
            for (int i = 0; i < 20; i++) {
                other = other.withMember(Member.adopted(i, 100 + i, 1)); // a chain of cells
            }
            draft.put(other);
            draft.addHolder(new Holder(
                    draft.nextVersion(),
                    other.id(),
                    other.hash(),
                    6,
                    4242,
                    LockMode.SHARE,
                    1_000_000_000L,
                    1_700_000_000_999L,
                    DeviceSet.of(new int[] {2, 70})));
            draft.enqueue(new QueuedRequest(
                    9,
                    new QueuedRequest.By(7, 4243, other.id(), "other", 1000),
                    QueuedRequest.Kind.SHARED_LOCK,
                    1_700_000_001_000L,
                    DeviceSet.of(new int[] {70}),
                    1,
                    1_000_000_000L));
            draft.enqueue(new QueuedRequest(
                    8,
                    new QueuedRequest.By(7, 4243, 0, "not-active-yet", 0xffff_fffeL),
                    QueuedRequest.Kind.DEVICES,
                    1_700_000_001_001L,
                    DeviceSet.of(new int[] {1, 127}),
                    2,
                    EnvBlock.WHOLE));
            draft.askWaiter(0, 1_700_000_001_064L);
            return null;
        });
    }

    /** A hash over the root word, the words in use of the current record, and the cells that it refers to. */
    private static String fingerprint(StateFixture state) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long root = state.root();
        add(digest, root);
        long base = FileLayout.recordAt(RootWord.record(root));
        long a = state.word(base + RecordLayout.COUNTS_A_OFFSET);
        long b = state.word(base + RecordLayout.COUNTS_B_OFFSET);
        add(digest, state, base, 4);
        add(digest, state, base + RecordLayout.DEVICE_OFFSET, (int) (a >>> 32) * RecordLayout.DEVICE_WORDS);
        add(digest, state, base + RecordLayout.ENV_OFFSET, (int) a);
        add(digest, state, base + RecordLayout.HOLDER_OFFSET, (int) (b >>> 32) * RecordLayout.HOLDER_WORDS);
        add(digest, state, base + RecordLayout.WAITER_OFFSET, (int) b * RecordLayout.WAITER_WORDS);
        add(digest, state.recordClaim(RootWord.record(root)));
        state.referencedCells().stream().forEach(cell -> {
            add(digest, cell);
            add(digest, state.cellClaim(cell));
            int used = (int) state.word(FileLayout.cellAt(cell) + CellLayout.LINK_OFFSET);
            add(digest, state, FileLayout.cellAt(cell), 2 + used);
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, StateFixture state, long offset, int words) {
        for (int i = 0; i < words; i++) {
            add(digest, state.word(offset + i * 8L));
        }
    }

    private static void add(MessageDigest digest, long word) {
        digest.update(ByteBuffer.allocate(8).putLong(0, word).array());
    }
}
