// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A few words that processes share, each in a cache line of its own. Thread-safe. */
final class Board implements AutoCloseable {
    private static final long LINE = 128;
    private static final long SIZE = 16 * LINE;
    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    private final Arena arena = Arena.ofShared();
    private final MemorySegment words;

    Board(Path file) {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            words = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
        } catch (IOException e) {
            throw new UncheckedIOException("a file cannot be mapped: file=" + file, e);
        }
    }

    long getVolatile(int word) {
        return (long) WORD.getVolatile(words, word * LINE);
    }

    void setVolatile(int word, long value) {
        WORD.setVolatile(words, word * LINE, value);
    }

    long getAndSet(int word, long value) {
        return (long) WORD.getAndSet(words, word * LINE, value);
    }

    /** Waits until a word is at least so much, without keeping a processor busy. */
    void awaitAtLeast(int word, long value) {
        while (getVolatile(word) < value) {
            Pause.millis(0.2);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
