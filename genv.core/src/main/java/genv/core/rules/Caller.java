// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.AccessDeniedException;
import genv.api.NotActiveException;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The process on whose behalf something is done. */
public final class Caller {
    private final Member member;
    private final EnvBlock.Owner user;
    private final Optional<String> inheritedEid;

    /** Describes a process that was started in no environment. */
    public Caller(long token, long pid, long pidNamespace, EnvBlock.Owner user) {
        this(token, pid, pidNamespace, user, Optional.empty());
    }

    /**
     * Describes a process.
     *
     * @param token its token
     * @param pid its process identifier in its own pid namespace
     * @param pidNamespace the inode of that namespace
     * @param user the user it runs as
     * @param inheritedEid the environment that it was started in, for good and whether or not it is a member
     */
    public Caller(long token, long pid, long pidNamespace, EnvBlock.Owner user, Optional<String> inheritedEid) {
        this.member = Member.seated(token, pid, pidNamespace);
        this.user = user;
        this.inheritedEid = inheritedEid;
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

    /** Whether it was started in an environment of that identifier: then it is in it whatever it enters and leaves besides. */
    public boolean inherits(String eid) {
        return inheritedEid.filter(eid::equals).isPresent();
    }

    /**
     * An environment that must live and that the caller must be in.
     *
     * @throws NotActiveException if it has ended, or the caller has left it
     */
    public EnvBlock mustBeIn(@Nullable EnvBlock block, String eid) {
        EnvBlock living = EnvRules.require(block, eid);
        if (!inherits(eid) && living.members().stream().noneMatch(member()::sameProcess)) {
            throw left(eid);
        }
        return living;
    }

    /** What an operation throws whose environment the caller has left. */
    public NotActiveException left(String eid) {
        return new NotActiveException("this process has left the environment meanwhile: eid=" + eid + " pid=" + pid()
                + "; do not close an activation while other threads work in it, or activate again");
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
