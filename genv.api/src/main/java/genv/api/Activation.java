// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The membership of this process in an environment, from {@link Genv#activate()} until it is closed.
 *
 * <p>While it is open, the variables of the environment stand in the native environment of this process, where
 * libraries that are loaded later (CUDA's, for example) find them; {@link System#getenv} does not show them, and child
 * processes do not inherit them reliably. Children are therefore given them with {@link #start} or {@link #applyTo}.
 *
 * <p>The environment ends, and its devices are free, when its last member has left: this process by {@link #close} or
 * by its end, whatever ends it, and the children that were {@linkplain #start started} or {@linkplain #adopt adopted}
 * by theirs. Instances may be used from any thread.
 *
 * {@snippet lang = java :
 * try (Activation activation = Genv.activate(EnvConfig.builder().gpus(1).build())) {
 *     Process child = activation.start(new ProcessBuilder("python3", "train.py").inheritIO());
 *     child.waitFor();
 * }
 * }
 */
public interface Activation extends AutoCloseable {
    /** {@return the identifier of the environment} */
    String eid();

    /**
     * Returns the configuration of the environment as it is now: another member may have changed it.
     *
     * @return the configuration; empty when the environment has ended or this activation is closed
     */
    EnvConfig configuration();

    /**
     * Returns the devices that are attached to the environment now: another member may have changed them.
     *
     * @return an unmodifiable list of indices in ascending order; empty when the environment has ended or this
     *     activation is closed
     */
    List<Integer> devices();

    /**
     * Returns when the {@linkplain ActivationRequest#lease lease} of the environment ends.
     *
     * @return the end, by the host's clock as it is set now; absent where it has none, or none any more
     */
    Optional<Instant> leaseEnd();

    /**
     * Renews the lease of the environment: from now on it lasts so long, be that longer or shorter than before. Where the
     * owner of the host set a longest lease, that is counted from when the lease began.
     *
     * @param duration how long, longer than zero
     * @return when it ends now
     * @throws LeaseExpiredException if it has run out already
     * @throws NotActiveException if this activation is closed, or the environment has no lease to renew
     * @throws GenvException if the owner of the host does not allow one that long
     * @throws IllegalArgumentException if the duration is not longer than zero
     */
    Instant renew(Duration duration);

    /**
     * Returns the variables that a child process must be given to be in the environment: {@code GENV_ENVIRONMENT_ID}
     * and its like, and the devices that it may see. The map is a copy of the present state.
     *
     * @return an unmodifiable map of names and values
     * @throws NotActiveException if this activation is closed
     */
    Map<String, String> variables();

    /**
     * Puts the {@link #variables()} into the environment of a process that is going to be started. This alone does not
     * make that process a member: the environment may end before it does. {@link #start} does both.
     *
     * @param builder the builder to change
     * @return the same builder
     * @throws NotActiveException if this activation is closed
     */
    ProcessBuilder applyTo(ProcessBuilder builder);

    /**
     * Starts a process in the environment and makes it a member until it ends, also beyond the end of this activation
     * and of this process. The builder is changed as by {@link #applyTo}.
     *
     * <p>It becomes a member a moment after it was started, before this method returns. Should this process be killed in that
     * moment, the started one runs on with the variables and is no member: its devices are given to others as soon as nobody else
     * is one.
     *
     * @param builder what to start
     * @return the process
     * @throws IOException if it cannot be started; the environment is as before
     * @throws NotActiveException if this activation is closed
     * @throws GenvException if it could not be made a member; it has been killed then
     */
    Process start(ProcessBuilder builder) throws IOException;

    /**
     * Makes a process that is running already a member of the environment until it ends. For a process that was started
     * otherwise, with {@link #variables()}; one that is a member already stays so, and one that has ended is ignored.
     *
     * @param process the process, of this host
     * @throws NotActiveException if this activation is closed
     */
    void adopt(ProcessHandle process);

    /**
     * Leaves the environment: the locks that this process holds in it are released, every variable gets back what it
     * held before the activation, and the environment ends if this process was its last member. Has an effect only the
     * first time.
     */
    @Override
    void close();
}
