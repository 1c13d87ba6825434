// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.ok;
import static genv.faults.neighbours.Neighbour.refused;
import static org.assertj.core.api.Assertions.assertThat;

import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two copies of the library in one process, as two plugins of one application have them. */
class CopiesTest {
    @ParameterizedTest
    @ValueSource(strings = {"ofd", "channel"})
    void shouldBeTwoNeighboursWhenTwoClassLoadersHaveTheLibrary(String locks, @TempDir Path temp) {
        Path state = temp.resolve("state");
        String property = "-Dgenv.live.locks=" + locks;
        try (ChildJvm copies = ChildJvm.of(TwoCopies.class)
                        .arguments(state.toString())
                        .jvmOptions(property)
                        .start();
                ChildJvm other =
                        Neighbour.on(state).jvmOptions(property).name("other").start()) {
            copies.expect("both");
            assertThat(ok(other, "envs")).isEqualTo("first,second");
            assertThat(refused(other, "activate other 1")).contains("DevicesUnavailableException");
            copies.tell("close first");
            copies.expect("closed");
            // a copy that closes its files must not take the other one's seat along
            assertThat(ok(other, "envs")).isEqualTo("second");
            assertThat(refused(other, "activate other 2")).contains("DevicesUnavailableException");
            assertThat(ok(other, "activate other 1")).isEqualTo("[0]");
            copies.tell("close second");
            copies.expect("closed");
            assertThat(ok(other, "envs")).isEqualTo("other");
        }
    }

    /** Loads {@link Copy} twice, each time with a library of its own. */
    static final class TwoCopies implements ChildTask {
        @Override
        public void run(ChildContext context) throws Exception {
            String state = context.arguments().getFirst();
            try (URLClassLoader firstLoader = loader();
                    URLClassLoader secondLoader = loader()) {
                UnaryOperator<String> first = copy(firstLoader);
                UnaryOperator<String> second = copy(secondLoader);
                expect("[0]", first.apply("activate " + state + " first"));
                expect("[1]", second.apply("activate " + state + " second"));
                for (UnaryOperator<String> one : List.of(first, second)) {
                    // being refused makes it look for the dead
                    expect("refused", one.apply("greedy"));
                    expect("first,second", one.apply("envs"));
                }
                context.send("both");
                context.await("close first");
                expect("", first.apply("close"));
                expect("second", second.apply("envs"));
                context.send("closed");
                context.await("close second");
                expect("", second.apply("close"));
                context.send("closed");
            }
        }

        private static void expect(String expected, String answer) {
            if (!answer.equals(expected)) {
                throw new AssertionError("expected=" + expected + " answer=" + answer);
            }
        }

        private static URLClassLoader loader() throws MalformedURLException {
            List<URL> urls = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
            return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        }

        @SuppressWarnings("unchecked") // the type is the JDK's, and so the same in both loaders
        private static UnaryOperator<String> copy(URLClassLoader loader) throws ReflectiveOperationException {
            Class<?> type = loader.loadClass(Copy.class.getName());
            if (type == Copy.class) {
                throw new AssertionError("the class was not loaded again");
            }
            // genv finds its implementation through the loader of the thread or of its own class
            return (UnaryOperator<String>) type.getDeclaredConstructor().newInstance();
        }
    }
}
