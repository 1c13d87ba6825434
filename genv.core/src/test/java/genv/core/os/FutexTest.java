// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FutexTest {
    private static final long NO_LIMIT = Long.MAX_VALUE;

    @BeforeEach
    void requireFutex() {
        Assumptions.assumeTrue(Futex.isSupported(), "no futex here");
    }

    @Test
    void shouldReturnWhenWordHoldsSomethingElse() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(JAVA_INT);
            word.set(JAVA_INT, 0, -1);

            Futex.await(word, 0, NO_LIMIT);
        }
    }

    @Test
    void shouldReturnWhenTimeIsOver() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(JAVA_INT);
            word.set(JAVA_INT, 0, -1);

            Futex.await(word, -1, 1);
            Futex.await(word, -1, 0);
            Futex.await(word, -1, Long.MIN_VALUE);
        }
    }

    @Test
    void shouldWakeNobodyWhenNobodyWaits() {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Futex.wakeAll(arena.allocate(JAVA_INT))).isZero();
        }
    }

    @Test
    void shouldWakeAllThreads() {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment word = arena.allocate(JAVA_INT);
            CompletableFuture<Void> first =
                    CompletableFuture.runAsync(() -> Futex.await(word, 0, NO_LIMIT), newThread());
            CompletableFuture<Void> second =
                    CompletableFuture.runAsync(() -> Futex.await(word, 0, NO_LIMIT), newThread());

            // woken threads are counted, so both were really asleep when they were woken
            for (int woken = 0; woken < 2; woken += Futex.wakeAll(word)) {
                Thread.onSpinWait();
            }
            first.join();
            second.join();
        }
    }

    @Test
    void shouldWakeAnotherProcess(@TempDir Path directory) throws IOException {
        Path path = Files.write(directory.resolve("word"), new byte[4096]);
        try (NativeFile file = NativeFile.open(path);
                Arena arena = Arena.ofShared();
                ChildJvm child = ChildJvm.start(Main.class, path.toString())) {
            MemorySegment word = file.map(4096, arena);
            assertThat(child.readLine()).isEqualTo("waits");

            while (Futex.wakeAll(word) == 0) {
                Thread.onSpinWait();
            }
            assertThat(child.readLine()).isEqualTo("woken");
        }
    }

    @Test
    void shouldRefuseWhatIsNoWord() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(16, 8);
            assertThatThrownBy(() -> Futex.wakeAll(memory.asSlice(1, 8))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Futex.wakeAll(memory.asSlice(0, 3))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Futex.wakeAll(MemorySegment.ofArray(new int[1])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static Executor newThread() {
        return task -> Thread.ofPlatform().daemon().start(task);
    }

    /** Waits on the first word of a file. */
    static final class Main {
        public static void main(String[] arguments) throws IOException {
            try (NativeFile file = NativeFile.open(Path.of(arguments[0]));
                    Arena arena = Arena.ofShared()) {
                MemorySegment word = file.map(4096, arena);
                System.out.println("waits");
                Futex.await(word, 0, NO_LIMIT);
                System.out.println("woken");
            }
        }
    }
}
