// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import genv.core.model.EnvTexts;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Encodes an environment into words and back.
 *
 * <pre>
 *   word 0  identity                word 4  configured devices, -1 none (high half); attachments (low half)
 *        1  created                      5  members (high half); words of the lease, 0 or 3 (low half)
 *        2  uid                          6  lengths in bytes, 16 bits each: identifier, name (65535 none), user name
 *        3  memory share, -1 none        7  one word an attachment, three words a member, the lease (asked, begin, end),
 *                                           then the three texts
 * </pre>
 */
public final class EnvCodec {
    private static final int HEADER_WORDS = 7;
    private static final int MEMBER_WORDS = 3;
    private static final int LEASE_WORDS = 3;

    /** The most words that fit into a chain of cells. */
    public static final int MAX_WORDS = CellLayout.MAX_CHAIN * CellLayout.PAYLOAD_WORDS;

    private EnvCodec() {}

    /** How many words a block takes. */
    public static int size(EnvBlock block) {
        return HEADER_WORDS
                + block.attachmentCount()
                + block.members().size() * MEMBER_WORDS
                + leaseWords(block.lease())
                + block.texts().length
                - 1;
    }

    private static int leaseWords(LeaseTime lease) {
        return lease.isNone() ? 0 : LEASE_WORDS;
    }

    /** Writes the words of a block to the beginning of an array that has room for them. */
    public static void encode(EnvBlock block, long[] words) {
        long[] texts = block.texts();
        int attachments = block.attachmentCount();
        List<Member> members = block.members();
        LeaseTime lease = block.lease();
        int leaseWords = leaseWords(lease);
        words[0] = block.id();
        words[1] = block.created();
        words[2] = block.owner().uid();
        words[3] = block.gpuMemory();
        words[4] = pair(EnvBlock.gpus(block.config()), attachments);
        words[5] = pair(members.size(), leaseWords);
        words[6] = texts[0];
        int at = HEADER_WORDS;
        for (int i = 0; i < attachments; i++) {
            words[at++] = block.attachment(i);
        }
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            words[at++] = member.mark();
            words[at++] = member.pid() << 32 | (long) member.kind().code() << 24 | member.count();
            words[at++] = member.pidNamespace();
        }
        if (leaseWords > 0) {
            words[at++] = lease.asked();
            words[at++] = lease.begin();
            words[at++] = lease.end();
        }
        System.arraycopy(texts, 1, words, at, texts.length - 1);
    }

    /**
     * The block that {@code count} words mean.
     *
     * @throws IndexOutOfBoundsException or IllegalArgumentException if they mean none
     */
    public static EnvBlock decode(long[] words, int count) {
        if (count < HEADER_WORDS || count > words.length) {
            throw new IllegalArgumentException("words=" + count);
        }
        int gpus = (int) (words[4] >> 32);
        int attachments = (int) words[4];
        int members = (int) (words[5] >> 32);
        int leaseWords = (int) words[5];
        int eidLength = (int) (words[6] >>> 32 & 0xffff);
        int nameLength = (int) (words[6] >>> 16 & 0xffff);
        int userLength = (int) (words[6] & 0xffff);
        boolean named = nameLength != EnvTexts.NO_NAME;
        long needed = (long) HEADER_WORDS
                + attachments
                + (long) members * MEMBER_WORDS
                + leaseWords
                + EnvTexts.wordsOf(eidLength)
                + (named ? EnvTexts.wordsOf(nameLength) : 0)
                + EnvTexts.wordsOf(userLength);
        if (attachments < 0
                || attachments > RecordLayout.MAX_DEVICES
                || members < 0
                || needed != count
                || (leaseWords != 0 && leaseWords != LEASE_WORDS)) {
            throw new IllegalArgumentException("words=" + count + " needed=" + needed);
        }
        int at = HEADER_WORDS;
        long[] attached = new long[attachments];
        for (int i = 0; i < attachments; i++) {
            attached[i] = words[at++];
        }
        List<Member> list = new ArrayList<>(members);
        for (int i = 0; i < members; i++) {
            long mark = words[at++];
            long packed = words[at++];
            Member.Kind kind = (packed >>> 24 & 0xff) == 0 ? Member.Kind.SEATED : Member.Kind.ADOPTED;
            list.add(new Member(kind, mark, packed >>> 32, words[at++], (int) (packed & 0xff_ffff)));
        }
        LeaseTime lease = LeaseTime.NONE;
        if (leaseWords > 0) {
            lease = lease(words[at], words[at + 1], words[at + 2]);
            at += LEASE_WORDS;
        }
        String eid = EnvTexts.decode(words, at, eidLength);
        at += EnvTexts.wordsOf(eidLength);
        Optional<String> name = named ? Optional.of(EnvTexts.decode(words, at, nameLength)) : Optional.empty();
        at += named ? EnvTexts.wordsOf(nameLength) : 0;
        String user = EnvTexts.decode(words, at, userLength);
        EnvBlock.Owner owner = new EnvBlock.Owner(words[2], user);
        EnvBlock.Identity identity = new EnvBlock.Identity(words[0], eid, EidHash.of(eid), owner, words[1]);
        return new EnvBlock(identity, EnvBlock.config(name, gpus, words[3]), attached, List.copyOf(list), lease);
    }

    private static LeaseTime lease(long asked, long begin, long end) {
        if (asked < 0 || begin < 0 || end < 0 || Math.max(asked, Math.max(begin, end)) > 2 * LeaseTime.LONGEST) {
            throw new IllegalArgumentException("lease asked=" + asked + " begin=" + begin + " end=" + end);
        }
        return (asked | begin | end) == 0 ? LeaseTime.NONE : new LeaseTime(asked, begin, end);
    }

    private static long pair(int high, int low) {
        return (long) high << 32 | (low & 0xffff_ffffL);
    }
}
