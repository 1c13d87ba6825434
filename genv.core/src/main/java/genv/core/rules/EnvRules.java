// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.EnvConfig;
import genv.api.NotActiveException;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Activating, joining, configuring and leaving environments. */
public final class EnvRules {
    private final Caller caller;
    private final Lives lives;
    private final LeaseRules leases;

    public EnvRules(Caller caller, Lives lives) {
        this(caller, lives, LeaseRules.unlimited());
    }

    public EnvRules(Caller caller, Lives lives, LeaseRules leases) {
        this.caller = caller;
        this.lives = lives;
        this.leases = leases;
    }

    /** The same rules under what the owner of the host allows. */
    public EnvRules under(LeaseRules allowed) {
        return allowed == leases ? this : new EnvRules(caller, lives, allowed);
    }

    /**
     * What an activation asks for.
     *
     * @param eid the identifier, if one was asked for
     * @param defaultEid the one to take otherwise
     * @param lease for how long it is to have devices, milliseconds; 0 for as long as it lives
     */
    public record Activation(
            Optional<String> eid, String defaultEid, EnvConfig config, boolean overSubscribed, long lease) {
        /** Without a lease. */
        public Activation(Optional<String> eid, String defaultEid, EnvConfig config, boolean overSubscribed) {
            this(eid, defaultEid, config, overSubscribed, 0);
        }
    }

    /**
     * Creates an environment with the devices that its configuration asks for, or joins the one that lives under the
     * identifier.
     */
    public Outcome<EnvBlock> activate(Draft draft, Activation asked, Candidates candidates, long ticket, long now) {
        DeviceRules devices = new DeviceRules(caller, candidates, now, leases);
        String tooLong = LimitRules.lease(leases.limits(caller.user()), asked.lease());
        if (tooLong != null) {
            return new Outcome.Never<>(tooLong, Math.max(EnvBlock.gpus(asked.config()), 0), DeviceSet.EMPTY);
        }
        String eid = asked.eid().orElse(asked.defaultEid());
        EnvBlock existing = draft.find(eid);
        if (existing != null && !lives.isAlive(existing)) {
            draft.note(Reaping.ended(existing, List.of()));
            draft.remove(existing); // what a dead one left is not inherited
            existing = null;
        }
        if (existing != null && asked.eid().isEmpty()) {
            // the pid of another pid namespace, or children live on in it
            for (long number = caller.token(); existing != null; number++) {
                eid = asked.defaultEid() + "-" + number;
                existing = draft.find(eid);
            }
        }
        EnvBlock block;
        if (existing == null) {
            block = EnvBlock.create(draft.nextVersion(), eid, caller.user(), now, asked.config(), caller.member())
                    .withLease(LeaseTime.NONE.withAsked(asked.lease()));
        } else {
            caller.mustOwn(existing, "join");
            existing = leases.joined(leases.withoutExpired(draft, existing), asked.lease());
            block = asked.config().isEmpty() ? existing : devices.resizeAllowed(draft, existing, asked.config());
            block = block.withMember(caller.member());
        }
        boolean joinsAsItIs = existing != null && asked.config().isEmpty();
        int count = joinsAsItIs ? 0 : Math.max(EnvBlock.gpus(block.config()), 0);
        Outcome<EnvBlock> outcome = devices.reach(draft, block, count, asked.overSubscribed(), ticket);
        if (existing != null
                && outcome instanceof Outcome.Granted) { // what is refused must not leave larger locks behind
            LockRules.grow(draft, block);
        }
        return outcome;
    }

    /**
     * Takes a membership away, and ends the environment with its last living member.
     *
     * @return whether the environment has ended
     */
    public boolean leave(Draft draft, Key key, Member member) {
        EnvBlock block = draft.find(key.hash(), key.id());
        if (block == null) {
            return true;
        }
        boolean isLast = block.members().size() == 1
                && block.members().getFirst().sameProcess(member)
                && block.members().getFirst().count() == 1;
        EnvBlock rest = isLast ? block : block.withoutMember(member);
        if (isLast || !lives.isAlive(rest)) {
            draft.remove(block);
            return true;
        }
        // one that was started in the environment stays in it, and so do its locks
        if (rest.members().stream().noneMatch(member::sameProcess) && !caller.inherits(block.eid())) {
            LockRules.releaseAll(draft, key.id(), member);
        }
        draft.put(rest);
        return false;
    }

    /** Makes another process a member. */
    public void adopt(Draft draft, EnvBlock block, Member member) {
        caller.mustOwn(block, "add a process to");
        draft.put(block.withMember(member));
    }

    /** Replaces the configuration and resizes what is attached. */
    public EnvBlock configure(Draft draft, EnvBlock block, EnvConfig config) {
        caller.mustOwn(block, "configure");
        EnvBlock changed = new DeviceRules(caller, Candidates.NONE, 0, leases).resizeAllowed(draft, block, config);
        LockRules.grow(draft, changed);
        draft.put(changed);
        return changed;
    }

    /** An environment that must live. */
    public static EnvBlock require(Draft draft, Key env) {
        return require(draft.find(env.hash(), env.id()), env.eid());
    }

    /** The environment of an identifier that must live. */
    public static EnvBlock require(@Nullable EnvBlock block, String eid) {
        if (block == null) {
            throw new NotActiveException(
                    "the environment has ended: eid=" + eid + "; it is not in the state any more, activate a new one");
        }
        return block;
    }

    /** The hash and identity under which an environment is found again. Equal for the same environment. */
    public record Key(String eid, int hash, long id) {
        public static Key of(EnvBlock block) {
            return new Key(block.eid(), block.hash(), block.id());
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that && id == that.id;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(id);
        }
    }
}
