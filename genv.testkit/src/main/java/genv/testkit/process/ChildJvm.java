// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import genv.testkit.process.Transcript.Source;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Test code in a JVM of its own, which can be told things, stopped and killed.
 *
 * <pre>{@code
 * try (ChildJvm child = ChildJvm.of(HoldsDevice.class).arguments(directory.toString()).start()) {
 *     child.expect("holding");
 *     child.kill();
 * }
 * }</pre>
 *
 * <p>The child has this JVM's code on its class path, native access, and this process's environment variables without
 * those that begin with {@code GENV_} or {@code CUDA_}. Its {@code System.out} is its standard error. It ends when
 * this JVM does.
 *
 * <p>Nothing goes unnoticed: every wait has a deadline, after which the test fails with a thread dump and everything
 * that the child said; a child that throws, in any thread, or ends with another status than 0 fails the wait that
 * notices it, at the latest {@link #close}. All failures are {@link AssertionError}s. Thread-safe.
 */
public final class ChildJvm implements AutoCloseable {
    /** At least; a machine that is busy with other children takes its time to start one more. */
    private static final Duration BEGIN_LIMIT = Duration.ofSeconds(60);

    private static final Duration DUMP_LIMIT = Duration.ofSeconds(10);

    private final String name;
    private final Duration deadline;
    private final Process process;
    private final Writer input;
    private final Transcript transcript = new Transcript();

    /** Empty when nothing more will come; that one stays at the end of the queue. */
    private final BlockingQueue<Optional<String>> messages = new LinkedBlockingQueue<>();

    /** The JVM's process, once it has said hello: with a wrapper it may be another one than {@link #process}. */
    private final CompletableFuture<ProcessHandle> jvm = new CompletableFuture<>();

    private final List<Thread> readers;

    /** Processes that the child had started when it was killed; guarded by itself. */
    private final List<ProcessHandle> orphans = new ArrayList<>();

    private volatile boolean threw;
    private volatile boolean killed;
    private volatile boolean stopped;
    private volatile boolean exitSeen;

    private ChildJvm(String name, Duration deadline, Process process, boolean wrapped) {
        this.name = name;
        this.deadline = deadline;
        this.process = process;
        this.input = new OutputStreamWriter(process.getOutputStream(), UTF_8);
        LiveChildren.add(process.toHandle());
        Thread out = reader("out", process.getInputStream(), line -> receive(line, wrapped), () -> {
            messages.add(Optional.empty());
            jvm.completeExceptionally(new IllegalStateException("child ended before it began"));
        });
        Thread err = reader("err", process.getErrorStream(), line -> transcript.add(Source.ERR, line), () -> {});
        this.readers = List.of(out, err);
        readers.forEach(Thread::start);
    }

    /**
     * Begins to describe a child.
     *
     * @param task what the child runs
     * @return the builder
     * @throws IllegalArgumentException where the task cannot be made in another JVM: a lambda, an inner or a local class
     */
    public static Builder of(Class<? extends ChildTask> task) {
        return new Builder(task);
    }

    /** {@return what the child is called in messages} */
    public String name() {
        return name;
    }

    /** {@return the pid of the JVM itself, not of its wrapper, as this process sees it; waits until it has begun} */
    public long pid() {
        return jvm().pid();
    }

    /** {@return whether the child, or its wrapper, has not ended} */
    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Sends one line to the child, which gets it from {@link ChildContext#receive}.
     *
     * @param message the line
     * @throws IllegalArgumentException where it has more than one line
     */
    public void tell(String message) {
        String line = Wire.MESSAGE + Wire.requireLine(message);
        jvm();
        transcript.add(Source.TOLD, message);
        try {
            write(line);
        } catch (UncheckedIOException e) {
            throw failure("child cannot be told: message=" + message, e);
        }
    }

    /**
     * Waits for the child's next message, which must be the expected one, alone or followed by a space and more.
     *
     * @param expected what the message must begin with
     * @return what follows, or nothing
     */
    public String expect(String expected) {
        String message = await("expected=" + expected);
        if (message.equals(expected)) {
            return "";
        }
        if (message.startsWith(expected + " ")) {
            return message.substring(expected.length() + 1);
        }
        throw failure("child said something else: expected=" + expected + ", said=" + message);
    }

    /**
     * Waits for the child's next message.
     *
     * @return the message
     */
    public String next() {
        return await("expected=any");
    }

    /** {@return the child's next message if it is here already} */
    public Optional<String> poll() {
        Optional<String> head = messages.poll();
        if (head == null) {
            return Optional.empty();
        }
        if (head.isEmpty()) {
            messages.add(head);
        }
        return head;
    }

    /**
     * Kills the JVM by SIGKILL, wherever it is, also when it is stopped; on return it is dead and reaped.
     *
     * @return when the signal was sent, of {@link System#nanoTime}
     */
    public long kill() {
        ProcessHandle handle = jvm();
        rememberOrphans();
        // one that had ended by itself may have failed, which must not go unnoticed
        killed |= handle.isAlive();
        long sent = System.nanoTime();
        handle.destroyForcibly();
        transcript.add(Source.HARNESS, "killed");
        if (!waitFor(deadline)) {
            destroy();
            throw failure("child was killed and does not end: limit=" + deadline);
        }
        awaitReaders();
        return sent;
    }

    /** Stops all threads of the JVM by SIGSTOP; on return none of them runs. */
    public void stop() {
        ProcessHandle handle = jvm();
        patiently(() -> {
            Signals.send("STOP", handle);
            stopped = true;
            Signals.awaitStopped(handle, deadline);
        });
        transcript.add(Source.HARNESS, "stopped");
    }

    /** Lets a stopped JVM go on, by SIGCONT. */
    public void resume() {
        ProcessHandle handle = jvm();
        patiently(() -> Signals.send("CONT", handle));
        stopped = false;
        transcript.add(Source.HARNESS, "resumed");
    }

    /** Waits until the child has ended, and requires that its task returned. */
    public void awaitExit() {
        int status = awaitExitCode();
        if (status != 0 || threw) {
            throw failure("child failed: status=" + status);
        }
    }

    /**
     * Waits until the child has ended in any way.
     *
     * @return the exit status; 128 and the number of the signal, such as 137, where a signal ended it
     */
    public int awaitExitCode() {
        if (!waitFor(deadline)) {
            String dump = threadDump();
            destroy();
            throw failure("child does not end: limit=" + deadline + "\n" + dump);
        }
        awaitReaders();
        exitSeen = true;
        return process.exitValue();
    }

    /**
     * Asks the JVM where its platform threads are.
     *
     * @return the dump, or one line that says why there is none
     */
    public String threadDump() {
        ProcessHandle handle = jvm.isCompletedExceptionally() ? null : jvm.getNow(null);
        if (handle == null || !handle.isAlive()) {
            return "no thread dump: child does not run";
        }
        if (stopped) {
            return "no thread dump: child is stopped";
        }
        // SIGQUIT needs neither the attach mechanism nor a JDK, and works through users and namespaces
        long from = transcript.size();
        boolean complete = interruptibly(() -> {
            Signals.send("QUIT", handle);
            return transcript.await(Source.OUT, from, line -> line.startsWith("JNI global refs"), DUMP_LIMIT);
        });
        String dump = String.join("\n", transcript.since(Source.OUT, from));
        return complete ? dump : "no complete thread dump: limit=" + DUMP_LIMIT + "\n" + dump;
    }

    /** {@return what the child said and was told until now, line by line} */
    public String transcript() {
        return transcript.toString();
    }

    /** {@return what the child wrote to its standard error and its {@code System.out} until now} */
    public String errorOutput() {
        return String.join("\n", transcript.since(Source.ERR, 0));
    }

    /**
     * Kills and reaps the child, and kills the processes that it has started and that are still below it.
     *
     * @throws AssertionError where the child had thrown, or ended by itself with another status than 0, and nothing
     *     noticed
     */
    @Override
    public void close() {
        boolean ended = !process.isAlive();
        if (!ended) {
            killed = true;
        }
        destroy();
        if (!waitFor(deadline)) {
            throw failure("child was killed and does not end: limit=" + deadline);
        }
        awaitReaders();
        try {
            input.close();
        } catch (IOException e) {
            // the pipe of a dead process is closed anyway
        }
        boolean failed = threw || (!killed && process.exitValue() != 0);
        if (failed && !exitSeen) {
            exitSeen = true;
            throw failure("child failed: status=" + process.exitValue());
        }
    }

    @Override
    public String toString() {
        return "ChildJvm[" + name + ", pid=" + process.pid() + "]";
    }

    private ProcessHandle jvm() {
        Duration limit = deadline.compareTo(BEGIN_LIMIT) > 0 ? deadline : BEGIN_LIMIT;
        try {
            return jvm.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw failure("child does not begin: limit=" + limit, e);
        } catch (ExecutionException e) {
            awaitReaders();
            exitSeen = true;
            throw failure("child ended before it began: status=" + status(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private String await(String awaited) {
        jvm();
        Optional<String> message;
        try {
            message = messages.poll(deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        if (message == null) {
            throw failure("child says nothing: " + awaited + ", limit=" + deadline + "\n" + threadDump());
        }
        if (message.isEmpty()) {
            messages.add(message);
            awaitReaders();
            exitSeen = true;
            throw failure("child ended before it said what was awaited: " + awaited + ", status=" + status());
        }
        return message.get();
    }

    private void receive(String line, boolean wrapped) {
        if (line.startsWith(Wire.MESSAGE)) {
            String message = line.substring(Wire.MESSAGE.length());
            transcript.add(Source.SAID, message);
            messages.add(Optional.of(message));
        } else if (line.startsWith(Wire.HELLO)) {
            begin(line.substring(Wire.HELLO.length()), wrapped);
        } else if (line.startsWith(Wire.FAILED)) {
            threw = true;
            transcript.add(Source.HARNESS, "threw " + line.substring(Wire.FAILED.length()));
        } else {
            transcript.add(Source.OUT, line);
        }
    }

    private void begin(String ownPid, boolean wrapped) {
        ProcessHandle handle = wrapped ? ChildProcesses.last(process.toHandle()) : process.toHandle();
        transcript.add(Source.HARNESS, "begins as " + ownPid + ", here " + handle.pid());
        LiveChildren.add(handle);
        try {
            write(Wire.START);
            jvm.complete(handle);
        } catch (UncheckedIOException e) {
            jvm.completeExceptionally(e);
        }
    }

    private void write(String line) {
        try {
            synchronized (input) {
                input.write(line + "\n");
                input.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void rememberOrphans() {
        synchronized (orphans) {
            process.descendants().forEach(orphans::add);
        }
    }

    private void destroy() {
        rememberOrphans();
        process.destroyForcibly();
        synchronized (orphans) {
            orphans.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private boolean waitFor(Duration limit) {
        return interruptibly(() -> process.waitFor(limit));
    }

    private String status() {
        return waitFor(DUMP_LIMIT) ? Integer.toString(process.exitValue()) : "none, it runs with its output closed";
    }

    /** Not for ever: a process that the child has started may hold the other ends of the pipes. */
    private void awaitReaders() {
        patiently(() -> {
            for (Thread reader : readers) {
                reader.join(Duration.ofSeconds(2));
            }
        });
    }

    private Thread reader(String stream, InputStream from, Consumer<String> lines, Runnable atEnd) {
        return Thread.ofPlatform().daemon().name(name + "-" + stream).unstarted(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(from, UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    lines.accept(line);
                }
            } catch (IOException e) {
                transcript.add(Source.HARNESS, stream + " ended: " + e);
            } finally {
                atEnd.run();
            }
        });
    }

    private AssertionError failure(String fact) {
        return failure(fact, null);
    }

    private AssertionError failure(String fact, @Nullable Throwable cause) {
        return new AssertionError("child=" + name + ": " + fact + "\n" + transcript, cause);
    }

    private interface Waiting<R> {
        R run() throws InterruptedException;
    }

    private interface WaitingForNothing {
        void run() throws InterruptedException;
    }

    private void patiently(WaitingForNothing wait) {
        interruptibly(() -> {
            wait.run();
            return true;
        });
    }

    private <R> R interruptibly(Waiting<R> wait) {
        try {
            return wait.run();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private AssertionError interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return failure("test was interrupted while it waited for the child", e);
    }

    /** Describes a child. Not thread-safe. */
    public static final class Builder {
        private final ChildCommand command;
        private String name;
        private Duration deadline = Duration.ofSeconds(60);

        private Builder(Class<? extends ChildTask> task) {
            boolean inner = task.isMemberClass() && !Modifier.isStatic(task.getModifiers());
            if (inner || task.isLocalClass() || task.isAnonymousClass() || task.isHidden()) {
                throw new IllegalArgumentException("task cannot be made in another process: class=" + task.getName()
                        + "; make it a top-level or a static nested class");
            }
            this.command = new ChildCommand(task);
            this.name = task.getSimpleName();
        }

        /**
         * What the child is called in messages; without it, as its task's class.
         *
         * @param name the name
         * @return this builder
         */
        public Builder name(String name) {
            this.name = name;
            return this;
        }

        /**
         * More arguments of the task.
         *
         * @param arguments what {@link ChildContext#arguments} has, after what was given before
         * @return this builder
         */
        public Builder arguments(String... arguments) {
            command.addArguments(List.of(arguments));
            return this;
        }

        /**
         * More options of the JVM, after the harness's own: a small heap, the serial collector, quick compilation.
         *
         * @param options the options
         * @return this builder
         */
        public Builder jvmOptions(String... options) {
            command.addJvmOptions(List.of(options));
            return this;
        }

        /**
         * Sets an environment variable of the child.
         *
         * @param name the name of the variable
         * @param value its value
         * @return this builder
         */
        public Builder environment(String name, String value) {
            command.setVariable(name, Optional.of(value));
            return this;
        }

        /**
         * Removes an environment variable that the child would inherit.
         *
         * @param name the name of the variable
         * @return this builder
         */
        public Builder withoutEnvironment(String name) {
            command.setVariable(name, Optional.empty());
            return this;
        }

        /**
         * The child's working directory; without it, this process's.
         *
         * @param directory the directory
         * @return this builder
         */
        public Builder workingDirectory(Path directory) {
            command.setWorkingDirectory(directory);
            return this;
        }

        /**
         * A command that runs the child's command line, which follows it: {@code unshare --pid --fork --mount-proc},
         * {@code setpriv --reuid=65534 --clear-groups}. It must keep standard input and output, and end with the
         * child.
         *
         * @param prefix the command and its arguments
         * @return this builder
         */
        public Builder wrapper(String... prefix) {
            command.wrap(List.of(prefix));
            return this;
        }

        /**
         * The child's class path in place of this JVM's; this module must be on it.
         *
         * @param path directories and jars
         * @return this builder
         */
        public Builder classPath(List<Path> path) {
            command.setClassPath(path);
            return this;
        }

        /**
         * Copies the class path to a directory and makes the copy readable by everybody, for a child that runs as a
         * user who may not read where this JVM's classes are. Children may share a directory; it must be one that the
         * other user can reach, and is not deleted.
         *
         * @param directory where the copy is made
         * @return this builder
         */
        public Builder classPathCopiedTo(Path directory) {
            command.copyClassPathTo(directory);
            return this;
        }

        /**
         * The Java runtime, such as an image made by jlink; without it, this JVM's.
         *
         * @param home the directory that has {@code bin/java}
         * @return this builder
         */
        public Builder javaHome(Path home) {
            command.setJavaHome(home);
            return this;
        }

        /**
         * How long each wait for the child may take; without it, a minute. The wait until the JVM has begun may take
         * a minute in any case.
         *
         * @param deadline the time
         * @return this builder
         */
        public Builder deadline(Duration deadline) {
            this.deadline = deadline;
            return this;
        }

        /**
         * Starts the child and does not wait for it, so that several begin at the same time.
         *
         * @return the child, which may not have begun yet
         */
        public ChildJvm start() {
            try {
                return new ChildJvm(name, deadline, command.start(), command.wrapped());
            } catch (IOException e) {
                throw new UncheckedIOException("child cannot be started: child=" + name, e);
            }
        }
    }
}
