// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/**
 * A process that keeps an environment alive.
 *
 * @param kind how to tell whether it lives
 * @param mark the token of a {@link Kind#SEATED} member, the start time in clock ticks of an {@link Kind#ADOPTED} one
 * @param pid its process identifier, in its own pid namespace
 * @param pidNamespace the inode of that namespace, 0 where unknown
 * @param count how many times it is a member: task scopes of one process may be in one environment
 */
public record Member(Kind kind, long mark, long pid, long pidNamespace, int count) {
    /** How a member's life is told. */
    public enum Kind {
        /** It holds the byte of its token in {@code genv.live}. */
        SEATED(0),
        /** It does not know of this library: its pid and start time tell. */
        ADOPTED(1);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Its number in the state file. */
        public int code() {
            return code;
        }
    }

    public static Member seated(long token, long pid, long pidNamespace) {
        return new Member(Kind.SEATED, token, pid, pidNamespace, 1);
    }

    public static Member adopted(long startTicks, long pid, long pidNamespace) {
        return new Member(Kind.ADOPTED, startTicks, pid, pidNamespace, 1);
    }

    /** Whether both mean the same process. */
    public boolean sameProcess(Member other) {
        return kind == other.kind
                && mark == other.mark
                && (kind == Kind.SEATED || (pid == other.pid && pidNamespace == other.pidNamespace));
    }

    public Member withCount(int newCount) {
        return new Member(kind, mark, pid, pidNamespace, newCount);
    }
}
