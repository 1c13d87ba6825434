// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import java.util.ArrayDeque;
import java.util.Deque;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a benchmark needs, closed in reverse order. */
@State(Scope.Benchmark)
public abstract class Held {
    private final Deque<AutoCloseable> held = new ArrayDeque<>();

    /** Has something closed at the end. */
    <T extends AutoCloseable> T keep(T resource) {
        held.push(resource);
        return resource;
    }

    /** Called after the last iteration. */
    @TearDown
    public void end() throws Exception {
        while (!held.isEmpty()) {
            held.pop().close();
        }
    }
}
