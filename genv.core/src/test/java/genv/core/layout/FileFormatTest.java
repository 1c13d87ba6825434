// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * The numbers of the format, written out: sums of constants shift silently. Whoever has to change a number here raises
 * {@link FileLayout#FORMAT_VERSION} and changes the diagram in the Javadoc of the class.
 */
class FileFormatTest {
    @Test
    void shouldBeginWithTheLettersOfTheFormat() {
        byte[] letters = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(FileLayout.MAGIC)
                .array();

        assertThat(new String(letters, StandardCharsets.US_ASCII)).isEqualTo("GENVSTAT");
        assertThat(FileLayout.FORMAT_VERSION).isEqualTo(3);
    }

    @Test
    void shouldHaveTheHeaderWhereTheDiagramSays() {
        assertThat(FileLayout.MAGIC_OFFSET).isEqualTo(0);
        assertThat(FileLayout.VERSION_OFFSET).isEqualTo(8);
        assertThat(FileLayout.SIZE_OFFSET).isEqualTo(16);
        assertThat(FileLayout.BOOT_OFFSET).isEqualTo(24);
        assertThat(FileLayout.LIVE_INODE_OFFSET).isEqualTo(40);
        assertThat(FileLayout.CREATED_OFFSET).isEqualTo(48);
        assertThat(FileLayout.ROOT_OFFSET).isEqualTo(128);
        assertThat(FileLayout.TOKEN_OFFSET).isEqualTo(256);
        assertThat(FileLayout.TICKET_OFFSET).isEqualTo(384);
    }

    @Test
    void shouldHaveTheSectionsWhereTheDiagramSays() {
        assertThat(FileLayout.DOORBELLS).isEqualTo(64);
        assertThat(FileLayout.DOORBELL_OFFSET).isEqualTo(4096);
        assertThat(FileLayout.DOORBELL_STRIDE).isEqualTo(64);
        assertThat(FileLayout.RECORDS).isEqualTo(128);
        assertThat(FileLayout.RECORD_CLAIM_OFFSET).isEqualTo(8192);
        assertThat(FileLayout.RECORD_CLAIM_STRIDE).isEqualTo(64);
        assertThat(FileLayout.CELLS).isEqualTo(32_768);
        assertThat(FileLayout.CELL_CLAIM_OFFSET).isEqualTo(16_384);
        assertThat(FileLayout.CELL_CLAIM_STRIDE).isEqualTo(8);
        assertThat(FileLayout.RECORD_OFFSET).isEqualTo(278_528);
        assertThat(FileLayout.CELL_OFFSET).isEqualTo(21_250_048);
        assertThat(FileLayout.FILE_SIZE).isEqualTo(29_638_656);
    }

    @Test
    void shouldNotOverlap() {
        assertThat(FileLayout.DOORBELL_OFFSET + FileLayout.DOORBELLS * FileLayout.DOORBELL_STRIDE)
                .isEqualTo(FileLayout.RECORD_CLAIM_OFFSET);
        assertThat(FileLayout.RECORD_CLAIM_OFFSET + FileLayout.RECORDS * FileLayout.RECORD_CLAIM_STRIDE)
                .isEqualTo(FileLayout.CELL_CLAIM_OFFSET);
        assertThat(RecordLayout.WAITER_OFFSET + RecordLayout.MAX_WAITERS * RecordLayout.WAITER_WORDS * 8L)
                .isEqualTo(157_824)
                .isLessThanOrEqualTo(RecordLayout.SIZE);
        assertThat(CellLayout.PAYLOAD_OFFSET + CellLayout.PAYLOAD_WORDS * 8L).isEqualTo(CellLayout.SIZE);
    }

    @Test
    void shouldFindRecordsCellsAndDoorbells() {
        assertThat(FileLayout.recordAt(0)).isEqualTo(278_528);
        assertThat(FileLayout.recordAt(1)).isEqualTo(442_368);
        assertThat(FileLayout.recordAt(127)).isEqualTo(21_086_208);
        assertThat(FileLayout.cellAt(1)).isEqualTo(21_250_304);
        assertThat(FileLayout.cellAt(32_767)).isEqualTo(29_638_400);
        assertThat(FileLayout.doorbellOf(1)).isEqualTo(4160);
        assertThat(FileLayout.doorbellOf(64)).isEqualTo(4096);
        assertThat(FileLayout.doorbellOf(Long.MAX_VALUE)).isEqualTo(8128);
    }

    @Test
    void shouldHaveTheRecordAsTheDiagramSays() {
        assertThat(RecordLayout.SIZE).isEqualTo(163_840);
        assertThat(RecordLayout.VERSION_OFFSET).isEqualTo(0);
        assertThat(RecordLayout.CHECKSUM_OFFSET).isEqualTo(8);
        assertThat(RecordLayout.COUNTS_A_OFFSET).isEqualTo(16);
        assertThat(RecordLayout.COUNTS_B_OFFSET).isEqualTo(24);
        assertThat(RecordLayout.MAX_DEVICES).isEqualTo(128);
        assertThat(RecordLayout.DEVICE_OFFSET).isEqualTo(128);
        assertThat(RecordLayout.DEVICE_WORDS).isEqualTo(4);
        assertThat(RecordLayout.MAX_ENVS).isEqualTo(4096);
        assertThat(RecordLayout.ENV_OFFSET).isEqualTo(4224);
        assertThat(RecordLayout.MAX_HOLDERS).isEqualTo(512);
        assertThat(RecordLayout.HOLDER_OFFSET).isEqualTo(36_992);
        assertThat(RecordLayout.HOLDER_WORDS).isEqualTo(10);
        assertThat(RecordLayout.MAX_WAITERS).isEqualTo(384);
        assertThat(RecordLayout.WAITER_OFFSET).isEqualTo(77_952);
        assertThat(RecordLayout.WAITER_WORDS).isEqualTo(26);
        assertThat(RecordLayout.MAX_EID).isEqualTo(128);
    }

    @Test
    void shouldHaveTheRowsAsTheirNamesSay() {
        assertThat(new int[] {
                    RecordLayout.DEVICE_POPULATION,
                    RecordLayout.DEVICE_RESERVED,
                    RecordLayout.DEVICE_TOTAL,
                    RecordLayout.DEVICE_UUID
                })
                .containsExactly(0, 1, 2, 3);
        assertThat(new int[] {
                    RecordLayout.HOLDER_ID,
                    RecordLayout.HOLDER_ENV,
                    RecordLayout.HOLDER_TOKEN,
                    RecordLayout.HOLDER_PID_MODE,
                    RecordLayout.HOLDER_MEMORY,
                    RecordLayout.HOLDER_SINCE,
                    RecordLayout.HOLDER_DEVICES,
                    RecordLayout.HOLDER_HASH
                })
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 8);
        assertThat(new int[] {
                    RecordLayout.WAITER_TICKET,
                    RecordLayout.WAITER_TOKEN,
                    RecordLayout.WAITER_ENV,
                    RecordLayout.WAITER_PID_KIND,
                    RecordLayout.WAITER_SINCE,
                    RecordLayout.WAITER_DEVICES,
                    RecordLayout.WAITER_UID_EID_LENGTH,
                    RecordLayout.WAITER_EID,
                    RecordLayout.WAITER_ASKED_COUNT,
                    RecordLayout.WAITER_SHARE
                })
                .containsExactly(0, 1, 2, 3, 4, 5, 7, 8, 24, 25);
        // a whole identifier fits between the other words of a waiter
        assertThat(RecordLayout.WAITER_EID * 8 + RecordLayout.MAX_EID)
                .isLessThanOrEqualTo(RecordLayout.WAITER_ASKED_COUNT * 8);
    }

    @Test
    void shouldHaveTheCellAsTheDiagramSays() {
        assertThat(CellLayout.SIZE).isEqualTo(256);
        assertThat(CellLayout.CHECKSUM_OFFSET).isEqualTo(0);
        assertThat(CellLayout.LINK_OFFSET).isEqualTo(8);
        assertThat(CellLayout.PAYLOAD_OFFSET).isEqualTo(16);
        assertThat(CellLayout.PAYLOAD_WORDS).isEqualTo(30);
        assertThat(CellLayout.MAX_CHAIN).isEqualTo(64);
        assertThat(EnvCodec.MAX_WORDS).isEqualTo(1920);
    }

    /** Compare-and-set and the order of stores are promised for aligned words only. */
    @Test
    void shouldHaveAllWordsAligned() {
        long[] offsets = {
            FileLayout.ROOT_OFFSET,
            FileLayout.TOKEN_OFFSET,
            FileLayout.TICKET_OFFSET,
            FileLayout.DOORBELL_OFFSET,
            FileLayout.RECORD_CLAIM_OFFSET,
            FileLayout.CELL_CLAIM_OFFSET,
            FileLayout.RECORD_OFFSET,
            FileLayout.CELL_OFFSET,
            RecordLayout.SIZE,
            RecordLayout.DEVICE_OFFSET,
            RecordLayout.ENV_OFFSET,
            RecordLayout.HOLDER_OFFSET,
            RecordLayout.WAITER_OFFSET,
            CellLayout.SIZE,
            CellLayout.PAYLOAD_OFFSET
        };
        assertThat(LongStream.of(offsets).boxed()).allMatch(offset -> offset % 8 == 0);
    }
}
