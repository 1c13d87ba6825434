// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static genv.core.layout.RecordLayout.WAITER_ASKED_COUNT;
import static genv.core.layout.RecordLayout.WAITER_DEVICES;
import static genv.core.layout.RecordLayout.WAITER_EID;
import static genv.core.layout.RecordLayout.WAITER_ENV;
import static genv.core.layout.RecordLayout.WAITER_PID_KIND;
import static genv.core.layout.RecordLayout.WAITER_SHARE;
import static genv.core.layout.RecordLayout.WAITER_SINCE;
import static genv.core.layout.RecordLayout.WAITER_TICKET;
import static genv.core.layout.RecordLayout.WAITER_TOKEN;
import static genv.core.layout.RecordLayout.WAITER_UID_EID_LENGTH;
import static genv.core.layout.RecordLayout.WAITER_WORDS;

import genv.api.GenvException;
import genv.core.layout.CoarseTime;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The queue in a record's image: the requests that wait, in the order of their tickets. */
final class WaiterRows {
    private final RecordImage image;

    WaiterRows(RecordImage image) {
        this.image = image;
    }

    int count() {
        return image.waiterCount;
    }

    /**
     * The request at a position.
     *
     * @throws DamagedState if it is none
     */
    QueuedRequest get(int position) {
        int length = (int) word(position, WAITER_UID_EID_LENGTH);
        if (length < 0 || length > RecordLayout.MAX_EID) {
            throw new DamagedState(
                    "a waiting request cannot be read: position=" + position + " version=" + image.version);
        }
        byte[] eid = new byte[length];
        for (int i = 0; i < length; i++) {
            eid[i] = (byte) (word(position, WAITER_EID + (i >>> 3)) >>> ((i & 7) << 3));
        }
        return new QueuedRequest(
                ticket(position),
                new QueuedRequest.By(
                        token(position),
                        word(position, WAITER_PID_KIND) >>> 32,
                        env(position),
                        new String(eid, StandardCharsets.UTF_8),
                        uid(position)),
                kind(position),
                since(position),
                devices(position),
                needed(position),
                share(position));
    }

    long ticket(int position) {
        return word(position, WAITER_TICKET);
    }

    long token(int position) {
        return word(position, WAITER_TOKEN);
    }

    long env(int position) {
        return word(position, WAITER_ENV);
    }

    long uid(int position) {
        return word(position, WAITER_UID_EID_LENGTH) >>> 32;
    }

    QueuedRequest.Kind kind(int position) {
        return switch ((int) word(position, WAITER_PID_KIND)) {
            case 0 -> QueuedRequest.Kind.DEVICES;
            case 1 -> QueuedRequest.Kind.EXCLUSIVE_LOCK;
            default -> QueuedRequest.Kind.SHARED_LOCK;
        };
    }

    long since(int position) {
        return word(position, WAITER_SINCE);
    }

    DeviceSet devices(int position) {
        return new DeviceSet(word(position, WAITER_DEVICES), word(position, WAITER_DEVICES + 1));
    }

    /** How many devices it needs. */
    int needed(int position) {
        return (int) word(position, WAITER_ASKED_COUNT);
    }

    /** What it needs of each device. */
    long share(int position) {
        return word(position, WAITER_SHARE);
    }

    /** How long ago its process was {@linkplain #ask asked} for a sign of life; -1 if it was not. */
    long millisSinceAsked(int position, long now) {
        int stamp = (int) (word(position, WAITER_ASKED_COUNT) >>> 32);
        return stamp == 0 ? -1 : CoarseTime.millisSince(stamp, now);
    }

    void ask(int position, long now) {
        int at = position * WAITER_WORDS + WAITER_ASKED_COUNT;
        image.waiters[at] = (long) CoarseTime.of(now) << 32 | (image.waiters[at] & 0xffff_ffffL);
    }

    /** The position of the request of a ticket, or -1. */
    int positionOf(long ticket) {
        for (int i = 0; i < image.waiterCount; i++) {
            if (ticket(i) == ticket) {
                return i;
            }
        }
        return -1;
    }

    /** Whether a request stands in the queue just so, and its process is not asked for a sign of life. */
    boolean contains(QueuedRequest request) {
        int at = positionOf(request.ticket());
        return at >= 0
                && devices(at).equals(request.devices())
                && word(at, WAITER_ASKED_COUNT) == request.count()
                && share(at) == request.share();
    }

    /**
     * Puts a new request into its place.
     *
     * @throws GenvException if there are too many
     */
    void add(QueuedRequest request) {
        if (image.waiterCount == RecordLayout.MAX_WAITERS) {
            throw new GenvException("too many requests wait: limit=" + RecordLayout.MAX_WAITERS
                    + "; ask again later, or wait in fewer processes at a time");
        }
        image.roomForWaiter();
        int at = image.waiterCount;
        while (at > 0 && ticket(at - 1) > request.ticket()) {
            at--;
        }
        move(at, at + 1);
        image.waiterCount++;
        set(at, request);
    }

    void set(int position, QueuedRequest request) {
        int at = position * WAITER_WORDS;
        long[] words = image.waiters;
        byte[] eid = request.eid().getBytes(StandardCharsets.UTF_8);
        Arrays.fill(words, at, at + WAITER_WORDS, 0);
        words[at + WAITER_TICKET] = request.ticket();
        words[at + WAITER_TOKEN] = request.token();
        words[at + WAITER_ENV] = request.by().env();
        words[at + WAITER_PID_KIND] = request.pid() << 32 | request.kind().code();
        words[at + WAITER_SINCE] = request.since();
        words[at + WAITER_DEVICES] = request.devices().low();
        words[at + WAITER_DEVICES + 1] = request.devices().high();
        words[at + WAITER_UID_EID_LENGTH] = request.by().uid() << 32 | eid.length;
        words[at + WAITER_ASKED_COUNT] = request.count();
        words[at + WAITER_SHARE] = request.share();
        for (int i = 0; i < eid.length; i++) {
            words[at + WAITER_EID + (i >>> 3)] |= (eid[i] & 0xffL) << ((i & 7) << 3);
        }
    }

    void removeAt(int position) {
        move(position + 1, position);
        image.waiterCount--;
    }

    /** Moves the rest of the queue from a position to another. */
    private void move(int from, int to) {
        int rest = image.waiterCount - from;
        System.arraycopy(image.waiters, from * WAITER_WORDS, image.waiters, to * WAITER_WORDS, rest * WAITER_WORDS);
    }

    private long word(int position, int word) {
        return image.waiters[position * WAITER_WORDS + word];
    }
}
