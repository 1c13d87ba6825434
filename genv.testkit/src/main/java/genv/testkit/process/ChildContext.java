// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.util.List;

/** What a {@link ChildTask} has of its parent. Thread-safe. */
public interface ChildContext {
    /** {@return what the parent gave to {@code ChildJvm.Builder.arguments}} */
    List<String> arguments();

    /**
     * Sends one line to the parent, which gets it from {@link ChildJvm#next} or {@link ChildJvm#expect}.
     *
     * @param message the line
     * @throws IllegalArgumentException where it has more than one line
     */
    void send(String message);

    /**
     * Waits for the next line that the parent {@linkplain ChildJvm#tell tells}; without a limit, as the parent has one.
     *
     * @return the line
     * @throws InterruptedException where this thread is interrupted while it waits
     */
    String receive() throws InterruptedException;

    /**
     * Waits for a certain line.
     *
     * @param expected the line that must come
     * @throws InterruptedException where this thread is interrupted while it waits
     * @throws IllegalStateException where the parent tells something else
     */
    default void await(String expected) throws InterruptedException {
        String told = receive();
        if (!told.equals(expected)) {
            throw new IllegalStateException("told something else: told=" + told + ", awaited=" + expected);
        }
    }
}
