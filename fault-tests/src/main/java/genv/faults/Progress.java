// SPDX-License-Identifier: Apache-2.0
package genv.faults;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/** One line that says how far a run is: rewritten on a terminal, otherwise a new one every ten seconds. Thread-safe. */
public final class Progress {
    private static final long TERMINAL_NANOS = 500_000_000;
    private static final long LOG_NANOS = 10_000_000_000L;

    private final PrintStream out;
    private final boolean terminal;
    private final long started = System.nanoTime();
    private long shown;
    private int width;

    public Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** For the short forms: a test is silent. */
    public static Progress silent() {
        return new Progress(new PrintStream(PrintStream.nullOutputStream()), false);
    }

    /** Says something, unless the last time was a moment ago. */
    public synchronized void update(Supplier<String> text) {
        long now = System.nanoTime();
        if (now - started - shown < (terminal ? TERMINAL_NANOS : LOG_NANOS)) {
            return;
        }
        shown = now - started;
        String line = elapsed() + " " + text.get();
        if (terminal) {
            int before = width;
            width = line.length();
            out.print("\r" + line + " ".repeat(Math.max(0, before - width)));
            out.flush();
        } else {
            out.println(line);
        }
    }

    /** Says something that stays. */
    public synchronized void say(String text) {
        if (terminal && width > 0) {
            out.println();
            width = 0;
        }
        out.println(text);
    }

    /** Time since the beginning. */
    public String elapsed() {
        Duration time = Duration.ofNanos(System.nanoTime() - started);
        return String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }
}
