// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.Genv;
import genv.api.Snapshot;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How far one of the two processes of the quick start has come.
 *
 * <p>They have no other connection than genv: each writes its stage into the name of its environment, and reads that of
 * the other one from the snapshot.
 */
enum Stage {
    /** It has a device. */
    JOINED,
    /** It has seen both environments. */
    SEEN,
    /** It has the device that is to be shared. */
    SHARING,
    /** It has had its turns. */
    DONE;

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** A configuration that says so, and what else the other one is to know. */
    EnvConfig config(String note) {
        return EnvConfig.builder().name(word() + note).gpus(1).build();
    }

    /** Says that this process has come this far, and waits until the other one has, or has left. */
    void reach(String other, String note) throws InterruptedException {
        Genv.configure(config(note));
        long start = System.nanoTime();
        while (true) {
            Snapshot snapshot = Genv.snapshot();
            Optional<EnvInfo> env = snapshot.env(other);
            if (env.isPresent() ? isReachedBy(env.get()) : this != JOINED) {
                return;
            }
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new IllegalStateException("the other process has not come so far: stage=" + this + ", other="
                        + env + ", waited=" + PATIENCE);
            }
            Thread.sleep(10);
        }
    }

    private boolean isReachedBy(EnvInfo env) {
        String name = env.config().name().orElse("");
        return Stream.of(values()).anyMatch(stage -> stage.compareTo(this) >= 0 && name.startsWith(stage.word()));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
