// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;

/** The main class of a child: runs the task that is named by the first argument. */
final class ChildMain {
    /** Exit statuses of the child; other ones are the task's own. */
    static final int THREW = 70;

    static final int ORPHANED = 71;

    private ChildMain() {}

    public static void main(String[] arguments) {
        PrintStream wire = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
        System.setOut(System.err);
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> fail(wire, thread, e));
        LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
        Context context = new Context(List.of(arguments).subList(1, arguments.length), wire, told);
        Thread.ofPlatform().daemon().name("parent").start(() -> listen(told));
        try {
            wire.println(Wire.HELLO + ProcessHandle.current().pid());
            String start = told.take();
            if (!start.equals(Wire.START)) {
                throw new IllegalStateException("parent did not begin with a start: line=" + start);
            }
            task(arguments[0]).run(context);
        } catch (Throwable e) {
            fail(wire, Thread.currentThread(), e);
        }
        System.exit(0);
    }

    private static ChildTask task(String name) throws ReflectiveOperationException {
        Constructor<? extends ChildTask> constructor =
                Class.forName(name).asSubclass(ChildTask.class).getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }

    /** Passes on what the parent says, and ends this process when the parent is gone. */
    private static void listen(LinkedBlockingQueue<String> told) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(new FileInputStream(FileDescriptor.in), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                told.add(line);
            }
        } catch (IOException e) {
            // as good as the end of the stream
        }
        Runtime.getRuntime().halt(ORPHANED);
    }

    private static void fail(PrintStream wire, Thread thread, Throwable e) {
        try {
            System.err.println("uncaught in thread " + thread.getName());
            e.printStackTrace();
            wire.println(Wire.FAILED + String.valueOf(e).lines().findFirst().orElse(""));
        } finally {
            // not exit: a thread that holds what a shutdown hook waits for would keep the child alive
            Runtime.getRuntime().halt(THREW);
        }
    }

    private record Context(List<String> arguments, PrintStream wire, LinkedBlockingQueue<String> told)
            implements ChildContext {
        @Override
        public void send(String message) {
            wire.println(Wire.MESSAGE + Wire.requireLine(message));
        }

        @Override
        public String receive() throws InterruptedException {
            String line = told.take();
            if (!line.startsWith(Wire.MESSAGE)) {
                throw new IllegalStateException("parent sent what is no message: line=" + line);
            }
            return line.substring(Wire.MESSAGE.length());
        }
    }
}
