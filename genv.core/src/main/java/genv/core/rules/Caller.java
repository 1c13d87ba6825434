// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.AccessDeniedException;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;

/** The process on whose behalf something is done. */
public final class Caller {
    private final Member member;
    private final EnvBlock.Owner user;

    /**
     * Describes a process.
     *
     * @param token its token
     * @param pid its process identifier in its own pid namespace
     * @param pidNamespace the inode of that namespace
     * @param user the user it runs as
     */
    public Caller(long token, long pid, long pidNamespace, EnvBlock.Owner user) {
        this.member = Member.seated(token, pid, pidNamespace);
        this.user = user;
    }

    /** Its token. */
    public long token() {
        return member.mark();
    }

    /** Its process identifier in its own pid namespace. */
    public long pid() {
        return member.pid();
    }

    /** The user it runs as. */
    public EnvBlock.Owner user() {
        return user;
    }

    /** This process as a member of an environment. */
    public Member member() {
        return member;
    }

    /** This process as who waits for an environment. {@code id}: its identity, or 0 for one that is not active yet. */
    QueuedRequest.By asks(EnvBlock block, long id) {
        return new QueuedRequest.By(
                token(), pid(), id, block.eid(), block.owner().uid());
    }

    /**
     * Refuses what only the owner of an environment, or root, may do.
     *
     * @throws AccessDeniedException if the caller is neither
     */
    public void mustOwn(EnvBlock block, String what) {
        if (block.owner().uid() != user.uid() && user.uid() != 0) {
            throw new AccessDeniedException("cannot " + what + " the environment of another user: eid=" + block.eid()
                    + " owner=" + block.owner().username() + " owner_uid="
                    + block.owner().uid() + " uid=" + user.uid()
                    + "; choose another identifier");
        }
    }
}
