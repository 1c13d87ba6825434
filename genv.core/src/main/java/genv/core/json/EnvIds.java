// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Numbers that tell environments apart within this process: Genv's files have only the identifier, which is used again, and
 * the second of the creation. They ascend in the order in which the environments were first seen.
 *
 * <p>One that ends and is created again under its identifier within one second, by others and unseen, is taken for the same.
 * Thread-safe.
 */
final class EnvIds {
    private final Map<Name, Long> numbers = new HashMap<>();
    private long last;

    /** The time as the file has it: in the hour that summer time repeats two instants have one. */
    private record Name(String eid, String created) {
        static Name of(String eid, long millis) {
            return new Name(eid, LocalTimes.print(millis));
        }
    }

    /** A number that was never given. */
    synchronized long next() {
        return ++last;
    }

    synchronized EnvBlock.Identity identity(String eid, EnvBlock.Owner owner, long created) {
        long id = numbers.computeIfAbsent(Name.of(eid, created), name -> next());
        return new EnvBlock.Identity(id, eid, EidHash.of(eid), owner, created);
    }

    /** Says which number an environment has that this process has created. */
    synchronized void bind(EnvBlock created) {
        numbers.put(Name.of(created.eid(), created.created()), created.id());
    }

    /** Forgets those that are not there any more. */
    synchronized void keepOnly(Set<Long> present) {
        numbers.values().retainAll(present);
    }
}
