// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildJvmTest {
    private static final Duration SHORT = Duration.ofSeconds(3);

    @TempDir
    Path directory;

    @Test
    void shouldExchangeMessages() {
        try (ChildJvm child = ChildJvm.of(Echoes.class).arguments("a b", "").start()) {
            assertEquals("[a b, ]", child.expect("arguments"));
            child.tell("käse € \uD83E\uDDC0");
            assertEquals("käse € \uD83E\uDDC0", child.expect("echo"));
            child.tell("");
            child.expect("echo ");
            assertEquals(Optional.empty(), child.poll());
            child.tell("end");
            child.awaitExit();
            assertFalse(child.isAlive());
        }
    }

    @Test
    void shouldRefuseMessageOfTwoLines() {
        try (ChildJvm child = ChildJvm.of(Echoes.class).start()) {
            assertThrows(IllegalArgumentException.class, () -> child.tell("a\nb"));
        }
    }

    @Test
    void shouldRunTwoAtTheSameTime() {
        try (ChildJvm first = ChildJvm.of(Echoes.class).name("first").start();
                ChildJvm second = ChildJvm.of(Echoes.class).name("second").start()) {
            first.expect("arguments");
            second.expect("arguments");
            assertTrue(first.pid() != second.pid());
            assertTrue(first.toString().contains("first"), first.toString());
        }
    }

    @Test
    void shouldGiveVariablesDirectoryAndOptions() {
        try (ChildJvm child = ChildJvm.of(Describes.class)
                .environment("TESTKIT_GIVEN", "value")
                .environment("GENV_GIVEN", "kept")
                .withoutEnvironment("PATH")
                .jvmOptions("-Dtestkit.option=set")
                .workingDirectory(directory)
                .start()) {
            assertEquals("value", child.expect("TESTKIT_GIVEN"));
            assertEquals("kept", child.expect("GENV_GIVEN"));
            assertEquals("null", child.expect("PATH"));
            assertEquals("set", child.expect("testkit.option"));
            assertEquals(directory.toString(), child.expect("user.dir"));
            assertEquals("[GENV_GIVEN]", child.expect("genv"));
            assertEquals("true", child.expect("native"));
            child.awaitExit();
        }
    }

    @Test
    void shouldKeepOutputForTheMessageOfFailure() {
        try (ChildJvm child = ChildJvm.of(Prints.class).start()) {
            AssertionError e = assertThrows(AssertionError.class, () -> child.expect("something else"));
            assertMentions(e, "Prints", "expected=something else", "said=ready");
            child.awaitExit();
            assertMentions(new AssertionError(child.transcript()), "said> ready", "err> on out", "err> on err");
            assertTrue(child.errorOutput().contains("on err"), child.errorOutput());
        }
    }

    @Test
    void shouldFailWhenTaskThrows() {
        ChildJvm child = ChildJvm.of(Throws.class).start();
        AssertionError e = assertThrows(AssertionError.class, child::awaitExit);
        assertMentions(e, "child=Throws", "status=70", "thrown on purpose", "ChildJvmTest.java");
        child.close();
    }

    @Test
    void shouldFailWhenAnyThreadThrows() {
        ChildJvm child = ChildJvm.of(ThrowsInThread.class).start();
        AssertionError e = assertThrows(AssertionError.class, () -> child.expect("never"));
        assertMentions(e, "status=70", "uncaught in thread worker", "thrown in a thread");
        child.close();
    }

    @Test
    void shouldFailOnCloseWhenNothingNoticedFailure() throws Exception {
        ChildJvm child = ChildJvm.of(Throws.class).start();
        assertTrue(ProcessHandle.of(child.pid())
                .map(ProcessHandle::onExit)
                .orElse(CompletableFuture.completedFuture(null))
                .thenApply(dead -> true)
                .get(60, TimeUnit.SECONDS));
        assertMentions(assertThrows(AssertionError.class, child::close), "thrown on purpose");
        child.close();
    }

    @Test
    void shouldGiveExitStatus() {
        try (ChildJvm child = ChildJvm.of(Exits.class).arguments("7").start()) {
            assertEquals(7, child.awaitExitCode());
        }
        try (ChildJvm child = ChildJvm.of(Exits.class).arguments("8").start()) {
            assertMentions(assertThrows(AssertionError.class, child::awaitExit), "status=8");
        }
    }

    @Test
    void shouldFailWhenChildEndsInsteadOfSpeaking() {
        try (ChildJvm child = ChildJvm.of(Exits.class).arguments("0").start()) {
            assertMentions(assertThrows(AssertionError.class, child::next), "expected=any", "status=0");
            assertMentions(assertThrows(AssertionError.class, () -> child.expect("x")), "expected=x");
        }
    }

    @Test
    void shouldFailWithThreadDumpWhenChildSaysNothing() {
        try (ChildJvm child = ChildJvm.of(Hangs.class).deadline(SHORT).start()) {
            child.expect("hanging");
            AssertionError e = assertThrows(AssertionError.class, () -> child.expect("never"));
            assertMentions(e, "expected=never", "limit=PT3S", "ChildJvmTest$Hangs.run", "said> hanging");
        }
    }

    @Test
    void shouldFailWithThreadDumpAndKillWhenChildDoesNotEnd() {
        try (ChildJvm child = ChildJvm.of(Hangs.class).deadline(SHORT).start()) {
            child.expect("hanging");
            AssertionError e = assertThrows(AssertionError.class, child::awaitExit);
            assertMentions(e, "does not end", "ChildJvmTest$Hangs.run");
        }
    }

    @Test
    void shouldFailWhenChildCannotBegin() {
        try (ChildJvm child =
                ChildJvm.of(Echoes.class).jvmOptions("-XX:+NoSuchOption").start()) {
            AssertionError e = assertThrows(AssertionError.class, () -> child.expect("arguments"));
            assertMentions(e, "NoSuchOption");
        }
    }

    @Test
    void shouldBeDeadWhenKilled() {
        try (ChildJvm child = ChildJvm.of(Hangs.class).start()) {
            child.expect("hanging");
            long pid = child.pid();
            child.kill();
            assertFalse(child.isAlive());
            assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
            assertEquals(137, child.awaitExitCode());
        }
    }

    @Test
    void shouldBeStillWhenStoppedAndGoOnWhenResumed() throws IOException {
        Path count = directory.resolve("count");
        try (ChildJvm child =
                ChildJvm.of(Counts.class).arguments(count.toString()).start()) {
            child.expect("counting");
            child.stop();
            child.stop();
            byte[] stopped = Files.readAllBytes(count);
            child.tell("end");
            for (int i = 0; i < 1_000; i++) {
                assertEquals(stopped.length, Files.size(count));
            }
            assertTrue(child.isAlive());
            assertTrue(child.threadDump().contains("stopped"), child.threadDump());
            child.resume();
            child.expect("counted");
            child.awaitExit();
            assertTrue(Files.size(count) > stopped.length);
        }
    }

    @Test
    void shouldKillStoppedChild() {
        try (ChildJvm child = ChildJvm.of(Hangs.class).start()) {
            child.expect("hanging");
            child.stop();
            child.kill();
            assertFalse(child.isAlive());
        }
    }

    @Test
    void shouldKillJvmBelowItsWrapper() {
        String[] wrapper = {"sh", "-c", "\"$@\"; echo wrapped status $? >&2; exit 0", "sh"};
        try (ChildJvm child = ChildJvm.of(Hangs.class).wrapper(wrapper).start()) {
            child.expect("hanging");
            ProcessHandle jvm = ProcessHandle.of(child.pid()).orElseThrow();
            assertTrue(
                    jvm.parent().orElseThrow().pid() != ProcessHandle.current().pid(), "wrapper was not found");
            child.kill();
            assertFalse(jvm.isAlive());
            assertTrue(child.errorOutput().contains("wrapped status 137"), child.transcript());
        }
    }

    @Test
    void shouldRunInPidNamespaceOfItsOwn() throws Exception {
        Assumptions.assumeTrue(
                succeeds("unshare", "--pid", "--fork", "--mount-proc", "true"), "unshare is not permitted here");
        try (ChildJvm child = ChildJvm.of(Hangs.class)
                .wrapper("unshare", "--pid", "--fork", "--mount-proc")
                .start()) {
            assertEquals("1", child.expect("hanging"));
            assertTrue(child.pid() > 1);
            child.stop();
            child.resume();
            assertTrue(child.threadDump().contains("ChildJvmTest$Hangs.run"), child::transcript);
            child.kill();
        }
    }

    @Test
    void shouldRunAsAnotherUserFromReadableCopy() throws Exception {
        String[] wrapper = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
        Assumptions.assumeTrue(succeeds("setpriv", wrapper[1], wrapper[2], wrapper[3], "true"), "not permitted here");
        Path reachable = Files.createTempDirectory(Path.of("/tmp"), "genv-testkit-");
        try (ChildJvm child = ChildJvm.of(Echoes.class)
                .classPathCopiedTo(reachable)
                .workingDirectory(Path.of("/"))
                .wrapper(wrapper)
                .start()) {
            child.expect("arguments");
            assertEquals(65534, Files.getAttribute(Path.of("/proc/" + child.pid()), "unix:uid"));
            child.kill();
        } finally {
            try (var files = Files.walk(reachable)) {
                for (Path file : files.toList().reversed()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void shouldEndWithItsParent() throws Exception {
        try (ChildJvm parent = ChildJvm.of(HasChild.class).start()) {
            long grandchild = Long.parseLong(parent.expect("grandchild"));
            ProcessHandle handle = ProcessHandle.of(grandchild).orElseThrow();
            // not parent.kill() and close(): those look for what is below a child
            assertTrue(ProcessHandle.of(parent.pid()).orElseThrow().destroyForcibly());
            assertEquals(137, parent.awaitExitCode());
            assertFalse(handle.onExit().get(60, TimeUnit.SECONDS).isAlive());
        }
    }

    @Test
    void shouldKillWhatChildStartedWhenClosed() throws Exception {
        ProcessHandle handle;
        try (ChildJvm child = ChildJvm.of(StartsProcess.class).start()) {
            handle = ProcessHandle.of(Long.parseLong(child.expect("started"))).orElseThrow();
            child.kill();
            assertTrue(handle.isAlive(), "kill() is for the JVM alone");
        }
        assertFalse(handle.onExit().get(60, TimeUnit.SECONDS).isAlive());
    }

    @Test
    void shouldRefuseTaskThatCannotBeMadeElsewhere() {
        ChildTask lambda = context -> {};
        assertThrows(IllegalArgumentException.class, () -> ChildJvm.of(lambda.getClass()));
        ChildTask anonymous = new ChildTask() {
            @Override
            public void run(ChildContext context) {}
        };
        assertThrows(IllegalArgumentException.class, () -> ChildJvm.of(anonymous.getClass()));
        assertThrows(IllegalArgumentException.class, () -> ChildJvm.of(Inner.class));
    }

    private static void assertMentions(AssertionError e, String... words) {
        for (String word : words) {
            assertTrue(String.valueOf(e.getMessage()).contains(word), () -> "wanted=" + word + "\n" + e.getMessage());
        }
    }

    private static boolean succeeds(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    static final class Echoes implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            context.send("arguments " + context.arguments());
            for (String told = context.receive(); !told.equals("end"); told = context.receive()) {
                context.send("echo " + told);
            }
        }
    }

    static final class Describes implements ChildTask {
        @Override
        public void run(ChildContext context) {
            for (String name : List.of("TESTKIT_GIVEN", "GENV_GIVEN", "PATH")) {
                context.send(name + " " + System.getenv(name));
            }
            for (String name : List.of("testkit.option", "user.dir")) {
                context.send(name + " " + System.getProperty(name));
            }
            context.send("genv "
                    + System.getenv().keySet().stream()
                            .filter(n -> n.startsWith("GENV_"))
                            .toList());
            context.send("native " + Describes.class.getModule().isNativeAccessEnabled());
        }
    }

    static final class Prints implements ChildTask {
        @Override
        public void run(ChildContext context) {
            System.out.println("on out");
            System.err.println("on err");
            context.send("ready");
        }
    }

    static final class Throws implements ChildTask {
        @Override
        public void run(ChildContext context) {
            throw new IllegalStateException("thrown on purpose");
        }
    }

    static final class ThrowsInThread implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            Thread.ofVirtual().name("worker").start(() -> {
                throw new IllegalStateException("thrown in a thread");
            });
            new CountDownLatch(1).await();
        }
    }

    static final class Exits implements ChildTask {
        @Override
        public void run(ChildContext context) {
            System.exit(Integer.parseInt(context.arguments().getFirst()));
        }
    }

    static final class Hangs implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            context.send("hanging " + ProcessHandle.current().pid());
            new CountDownLatch(1).await();
        }
    }

    /** Grows a file until it is told to end, which it looks at after each byte. */
    static final class Counts implements ChildTask {
        @Override
        public void run(ChildContext context) throws IOException, InterruptedException {
            CompletableFuture<String> told = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    told.complete(context.receive());
                } catch (InterruptedException e) {
                    told.completeExceptionally(e);
                }
            });
            Path file = Path.of(context.arguments().getFirst());
            try (var out = Files.newOutputStream(file)) {
                out.write(1);
                context.send("counting");
                while (!told.isDone()) {
                    out.write(1);
                }
                out.write(1);
            }
            context.send("counted");
        }
    }

    static final class HasChild implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            try (ChildJvm grandchild = ChildJvm.of(Hangs.class).start()) {
                grandchild.expect("hanging");
                context.send("grandchild " + grandchild.pid());
                context.receive();
            }
        }
    }

    static final class StartsProcess implements ChildTask {
        @Override
        public void run(ChildContext context) throws IOException, InterruptedException {
            Process process = new ProcessBuilder("sleep", "1000").start();
            context.send("started " + process.pid());
            context.receive();
        }
    }

    final class Inner implements ChildTask {
        @Override
        public void run(ChildContext context) {
            context.send(directory.toString());
        }
    }
}
