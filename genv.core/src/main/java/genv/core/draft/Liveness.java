// SPDX-License-Identifier: Apache-2.0
package genv.core.draft;

/** Tells whether the process with a token lives. */
@FunctionalInterface
public interface Liveness {
    /** Whether the holder of that token lives. Costs a system call. */
    boolean isAlive(long token);
}
