// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

/**
 * What a child said and was told, in the order in which it arrived, for the message of a failed test. Keeps the last
 * 20,000 lines. Thread-safe.
 */
final class Transcript {
    /** Where a line comes from, and how it is marked. */
    enum Source {
        TOLD("  told> "),
        SAID("  said> "),
        OUT("   out> "),
        ERR("   err> "),
        HARNESS("        ");

        private final String mark;

        Source(String mark) {
            this.mark = mark;
        }
    }

    private record Line(long number, Source source, String text) {}

    private static final int MOST = 20_000;

    private final Deque<Line> lines = new ArrayDeque<>();
    private long added;

    synchronized void add(Source source, String text) {
        if (lines.size() == MOST) {
            lines.removeFirst();
        }
        lines.addLast(new Line(added++, source, text));
        notifyAll();
    }

    /** {@return the number of lines until now, for {@link #await}} */
    synchronized long size() {
        return added;
    }

    /** Waits until a line of this source, from number {@code from} on, fulfils a condition. */
    synchronized boolean await(Source source, long from, Predicate<String> wanted, Duration limit)
            throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (since(source, from).stream().noneMatch(wanted)) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000 + 1);
        }
        return true;
    }

    /** {@return the lines of this source, from number {@code from} on} */
    synchronized List<String> since(Source source, long from) {
        List<String> found = new ArrayList<>();
        for (Line line : lines) {
            if (line.number() >= from && line.source() == source) {
                found.add(line.text());
            }
        }
        return found;
    }

    @Override
    public synchronized String toString() {
        StringBuilder text = new StringBuilder();
        if (added > lines.size()) {
            text.append("        ").append(added - lines.size()).append(" lines before this\n");
        }
        for (Line line : lines) {
            text.append(line.source().mark).append(line.text()).append('\n');
        }
        return text.toString();
    }
}
