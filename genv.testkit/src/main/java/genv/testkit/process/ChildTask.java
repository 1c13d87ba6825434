// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

/**
 * What a {@link ChildJvm} runs: a top-level or static nested class with a constructor without parameters. Neither has
 * to be public.
 */
@FunctionalInterface
public interface ChildTask {
    /**
     * Runs in the child, on its main thread. The child ends with exit status 0 when this returns, and with another
     * when it, or any other thread of the child, throws.
     *
     * @param context what the task has of its parent
     * @throws Exception whatever makes the test fail
     */
    void run(ChildContext context) throws Exception;
}
