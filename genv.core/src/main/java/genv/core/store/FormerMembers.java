// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.file.SharedFile;
import genv.core.live.LifeLocks;
import genv.core.live.ProcessIdentity;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.state.StateMemory;
import genv.core.state.Transitions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The members of a state that is about to be emptied. Nobody changes it meanwhile; a machine that fell may have left it damaged. */
final class FormerMembers {
    private final Transitions state;

    FormerMembers(StateMemory memory, SharedFile file) {
        this.state = new Transitions(
                memory,
                LifeLocks.MAX_TOKEN,
                seat -> false,
                new Transitions.Surroundings(
                        file.path().toString(),
                        new IntactCheck(file, () -> {}),
                        (offset, length) -> {},
                        (sleeper, ticket) -> {},
                        notes -> {}));
    }

    /** The pid of an adopted process that runs; those that cannot be judged do not count. */
    OptionalLong pidOfOneSeenAlive() {
        int count = read(Draft::envCount).orElse(0);
        for (int i = 0; i < count; i++) {
            int position = i;
            Optional<EnvBlock> block = read(draft -> draft.env(position));
            for (Member member : block.map(EnvBlock::members).orElse(List.of())) {
                if (member.kind() == Member.Kind.ADOPTED && isSeenAlive(member)) {
                    return OptionalLong.of(member.pid());
                }
            }
        }
        return OptionalLong.empty();
    }

    private static boolean isSeenAlive(Member member) {
        return new ProcessIdentity(member.pid(), member.mark(), member.pidNamespace()).isSeenAlive();
    }

    /** What is damaged says nothing. */
    private <T> Optional<T> read(Edit<T> edit) {
        try {
            return Optional.of(state.transact(edit));
        } catch (StateException damaged) {
            return Optional.empty();
        }
    }
}
