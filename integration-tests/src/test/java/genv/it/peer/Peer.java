// SPDX-License-Identifier: Apache-2.0
package genv.it.peer;

import static org.assertj.core.api.Assertions.assertThat;

import genv.testkit.GenvHosts;
import genv.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The test's side of a second process.
 *
 * <p>It is told lines such as {@code activate eid=a gpus=1 memory=4g over wait=5000}, {@code attach index=1},
 * {@code lock mode=SHARE}, {@code getenv CUDA_VISIBLE_DEVICES}; see {@link PeerTask} for all of them. What it locks it
 * stacks up; {@code unlock} closes the last one.
 */
public final class Peer implements AutoCloseable {
    private final ChildJvm child;

    private Peer(ChildJvm child) {
        this.child = child;
    }

    /** A process with a host of its own on the directory of a test, with the same devices. */
    public static Peer beside(GenvHosts hosts) {
        int devices = hosts.backend().devices().size();
        String memory = hosts.backend().devices().stream()
                .findFirst()
                .flatMap(device -> device.totalMemory())
                .map(Object::toString)
                .orElse("16g");
        return on(hosts.stateDirectory(), devices, memory, child -> child);
    }

    /** A process with a host of its own on a directory. */
    public static Peer on(Path stateDirectory, int devices, String memory, UnaryOperator<ChildJvm.Builder> more) {
        return new Peer(more.apply(ChildJvm.of(PeerTask.class)
                        .arguments(stateDirectory.toString(), Integer.toString(devices), memory))
                .start());
    }

    /** A process that uses {@link genv.api.Genv}, on a directory and with devices given by environment variables. */
    public static Peer ofGenv(Path stateDirectory, int devices, UnaryOperator<ChildJvm.Builder> more) {
        return new Peer(more.apply(ChildJvm.of(PeerTask.class)
                        .arguments("default")
                        .environment("GENV_TMPDIR", stateDirectory.toString())
                        .environment("GENV_MOCK_DEVICE_COUNT", Integer.toString(devices)))
                .start());
    }

    /** Has it do something, and waits for the result. */
    public String does(String command) {
        begins(command);
        return finishes();
    }

    /** Has it do something that must fail with this kind of exception; gives the message. */
    public String fails(Class<? extends Exception> with, String command) {
        begins(command);
        return failsAfterAll(with);
    }

    /** Has it do something without waiting for it. */
    public void begins(String command) {
        child.tell(command);
    }

    /** Waits for the result of what was begun. */
    public String finishes() {
        return child.expect("done");
    }

    /** Waits until what was begun fails with this kind of exception; gives the message. */
    public String failsAfterAll(Class<? extends Exception> with) {
        String[] failure = child.expect("failed").split(" ", 2);
        assertThat(failure[0]).isEqualTo(with.getSimpleName());
        return failure[1];
    }

    /** The process, to be killed or stopped. */
    public ChildJvm process() {
        return child;
    }

    /** Lets it end by itself, which closes its host. */
    public void exits() {
        child.tell("exit");
        child.awaitExit();
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        child.close();
    }
}
