// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.live.LifeLocks;
import genv.core.live.ProcessIdentity;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.rules.Candidates;
import genv.core.rules.EnvRules;
import genv.core.rules.Outcome;
import genv.core.waiting.WaitLimit;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The two files of a state directory: what is refused, what is begun anew, and what is noticed while in use. */
class StateFilesTest {
    private static final int DEVICES = 2;

    @TempDir
    private Path temporary;

    private Path directory;
    private Path stateFile;
    private Path liveFile;

    @BeforeEach
    void name() {
        directory = temporary.resolve("genv");
        stateFile = directory.resolve("genv.state");
        liveFile = directory.resolve("genv.live");
    }

    // ---- the header ------------------------------------------------------------------------------------------------

    @Test
    void shouldMakeAFileOfTheSizeOfTheFormat() throws IOException {
        open().close();

        assertThat(Files.size(stateFile)).isEqualTo(FileLayout.FILE_SIZE);
        assertThat(Files.size(liveFile)).isZero();
        assertThat(word(FileLayout.MAGIC_OFFSET)).isEqualTo(FileLayout.MAGIC);
        assertThat(word(FileLayout.VERSION_OFFSET)).isEqualTo(FileLayout.FORMAT_VERSION);
        assertThat(word(FileLayout.SIZE_OFFSET)).isEqualTo(FileLayout.FILE_SIZE);
    }

    @Test
    void shouldRefuseAFileOfANewerOrOlderFormat() throws IOException {
        open().close();

        word(FileLayout.VERSION_OFFSET, FileLayout.FORMAT_VERSION + 1);
        assertRefused("a newer format: path=" + stateFile + " version=" + (FileLayout.FORMAT_VERSION + 1));
        word(FileLayout.VERSION_OFFSET, FileLayout.FORMAT_VERSION - 1);
        assertRefused("an older format");
    }

    @Test
    void shouldRefuseAFileOfSomethingElse() throws IOException {
        open().close();

        word(FileLayout.MAGIC_OFFSET, 0x7a69_7000_0000_0001L);
        assertRefused("not a state file of genv: path=" + stateFile + " magic=0x7a69700000000001");
        word(FileLayout.MAGIC_OFFSET, 0);
        assertRefused("not a state file of genv");
    }

    @Test
    void shouldRefuseAFileOfTheOtherByteOrder() throws IOException {
        open().close();

        word(FileLayout.MAGIC_OFFSET, Long.reverseBytes(FileLayout.MAGIC));
        assertRefused("the other byte order");
    }

    @Test
    void shouldRefuseAFileOfAnotherSize() throws IOException {
        open().close();

        word(FileLayout.SIZE_OFFSET, FileLayout.FILE_SIZE + 4096);
        assertRefused("size_in_header=" + (FileLayout.FILE_SIZE + 4096));
        word(FileLayout.SIZE_OFFSET, FileLayout.FILE_SIZE);
        open().close();

        truncate(FileLayout.FILE_SIZE - 4096);
        assertRefused("too short");
        truncate(40);
        assertRefused("too short");
        truncate(0);
        assertRefused("");
    }

    // ---- reboot ----------------------------------------------------------------------------------------------------

    @Test
    void shouldBeginEmptyAfterAReboot() throws IOException {
        byte[] state;
        try (GenvHost before = open()) {
            before.activate(gpus(DEVICES));
            state = Files.readAllBytes(stateFile);
        }
        Files.write(stateFile, state); // as if the process had not left, but died with the machine
        long version = RootWord.version(word(FileLayout.ROOT_OFFSET));
        long boot = word(FileLayout.BOOT_OFFSET);
        long token = word(FileLayout.TOKEN_OFFSET);
        word(FileLayout.BOOT_OFFSET, boot ^ 1);

        try (GenvHost after = open()) {
            assertThat(after.snapshot().envs()).isEmpty();
            assertThat(word(FileLayout.BOOT_OFFSET)).isEqualTo(boot);
            assertThat(RootWord.version(word(FileLayout.ROOT_OFFSET)))
                    .as("no version is used twice")
                    .isGreaterThan(version);
            assertThat(word(FileLayout.TOKEN_OFFSET)).as("nor a token").isGreaterThan(token);

            Activation activation = after.activate(gpus(DEVICES));
            assertThat(activation.devices()).hasSize(DEVICES);
            try (GenvHost another = open()) {
                assertThat(another.snapshot().envs()).as("it is emptied once").hasSize(1);
            }
        }
    }

    @Test
    void shouldNotTakeADamagedBootIdentifierForARebootWhileAProcessLives() throws IOException {
        try (GenvHost living = open()) {
            living.activate(gpus(DEVICES));
            word(FileLayout.BOOT_OFFSET, word(FileLayout.BOOT_OFFSET) ^ 1);

            assertRefused("its boot identifier is not the kernel's although processes live that use it");
            assertThat(living.snapshot().envs()).hasSize(1);
        }
    }

    /** It has no seat that would tell. */
    @Test
    void shouldNotTakeADamagedBootIdentifierForARebootWhileAnAdoptedProcessLives() throws Exception {
        Process child = new ProcessBuilder("sleep", "1000").start();
        try {
            leaveBehind(ProcessIdentity.of(child.toHandle()).orElseThrow());
            long boot = word(FileLayout.BOOT_OFFSET);
            word(FileLayout.BOOT_OFFSET, boot ^ 1);

            assertRefused(
                    "although a process lives that was made a member: directory=" + directory + " pid=" + child.pid());
            assertThat(word(FileLayout.BOOT_OFFSET)).isEqualTo(boot ^ 1);
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertBeginsEmpty();
    }

    /** One in another namespace counts as alive as long as the host is up, and so do those that /proc hides, told by the pid. */
    @Test
    void shouldBeginEmptyAfterARebootWhoeverWasAdopted() throws Exception {
        ProcessIdentity self = ProcessIdentity.current();
        leaveBehind(
                new ProcessIdentity(self.pid(), self.startTicks(), self.pidNamespace() + 1),
                new ProcessIdentity(self.pid(), self.startTicks() + 1, self.pidNamespace()),
                new ProcessIdentity(self.pid(), 0, self.pidNamespace()));
        try (GenvHost host = open()) {
            assertThat(host.snapshot().envs()).hasSize(1);
        }
        word(FileLayout.BOOT_OFFSET, word(FileLayout.BOOT_OFFSET) ^ 1);

        assertBeginsEmpty();
    }

    /** What a machine that fell has not written to the disk. */
    @Test
    void shouldBeginEmptyAfterARebootWhateverTheContentIs() throws Exception {
        leaveBehind(ProcessIdentity.current());
        word(FileLayout.BOOT_OFFSET, word(FileLayout.BOOT_OFFSET) ^ 1);
        long root = word(FileLayout.ROOT_OFFSET);
        word(FileLayout.recordAt(RootWord.record(root)) + RecordLayout.CHECKSUM_OFFSET, 0);
        assertBeginsEmpty();

        leaveBehind(ProcessIdentity.current());
        word(FileLayout.BOOT_OFFSET, word(FileLayout.BOOT_OFFSET) ^ 1);
        word(FileLayout.ROOT_OFFSET, -1);
        assertBeginsEmpty();
    }

    /** An environment with all devices whose members are only such as were adopted. */
    private void leaveBehind(ProcessIdentity... members) throws InterruptedException {
        try (MappedStore store = MappedStore.open(directory, GenvOptions.Sharing.EVERYONE)) {
            EnvRules.Key env = EnvRules.Key.of(activate(store, 0));
            for (ProcessIdentity member : members) {
                store.adopt(env, Member.adopted(member.startTicks(), member.pid(), member.pidNamespace()));
            }
        }
    }

    private void assertBeginsEmpty() {
        try (GenvHost after = open()) {
            assertThat(after.snapshot().envs()).isEmpty();
            assertThat(after.activate(gpus(DEVICES)).devices()).hasSize(DEVICES);
        }
    }

    @Test
    void shouldWaitForWhoEmptiesTheStateAfterAReboot() throws Exception {
        open().close();
        long boot = word(FileLayout.BOOT_OFFSET);
        word(FileLayout.BOOT_OFFSET, boot ^ 1);
        long root = word(FileLayout.ROOT_OFFSET);
        CompletableFuture<GenvHost> opened = new CompletableFuture<>();
        try (LifeLocks other = LifeLocks.open(liveFile)) {
            assertThat(other.tryHold(LifeLocks.MAX_TOKEN)).isTrue();
            Thread thread = Thread.ofPlatform().start(() -> opened.complete(open()));
            while (thread.getState() != Thread.State.TIMED_WAITING && !opened.isDone()) {
                Thread.onSpinWait();
            }
            assertThat(opened).isNotDone();

            word(FileLayout.BOOT_OFFSET, boot); // the other one has done it
        }
        opened.get(1, TimeUnit.MINUTES).close();
        assertThat(RootWord.version(word(FileLayout.ROOT_OFFSET)))
                .as("it is not emptied again")
                .isEqualTo(RootWord.version(root));
    }

    // ---- files that are taken away ---------------------------------------------------------------------------------

    @Test
    void shouldRefuseAStateThatWasMadeWithAnotherLiveFile() throws IOException {
        open().close();
        Files.move(liveFile, directory.resolve("kept")); // so that its number is not given out again
        Files.createFile(liveFile);

        assertRefused("genv.live is not the file that the state was made with");
    }

    @Test
    void shouldRefuseAStateWithoutItsLiveFileAndMakeNone() throws IOException {
        open().close();
        Files.delete(liveFile);

        assertRefused("genv.live was deleted, so who is alive cannot be told");
        assertThat(liveFile).doesNotExist();
    }

    @Test
    void shouldLeaveNothingBehindWhereSomethingElseHasTheNameOfTheState() throws IOException {
        Files.createDirectory(directory);
        Files.writeString(
                stateFile, "somebody's notes, longer than a header of 64 bytes, so that its magic is what tells");

        assertRefused("not a state file of genv");

        assertThat(liveFile).doesNotExist();
    }

    /** Whoever was about to make a state and finds that another one has, joins that one, whose maker holds a seat. */
    @Test
    void shouldMakeNoStateBesideALivingProcessUnlessThereIsOneAlready() throws IOException {
        open().close();
        try (LifeLocks locks = LifeLocks.open(liveFile)) {
            StateFiles.requireNobodyLives(locks, directory);
            assertThat(locks.tryHold(1_000)).isTrue();
            StateFiles.requireNobodyLives(locks, directory);
            Files.delete(stateFile);

            assertThatThrownBy(() -> StateFiles.requireNobodyLives(locks, directory))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("genv.state was deleted while it is in use");
        }
    }

    @Test
    void shouldGrantNothingOnceTheDirectoryIsMovedAway() throws IOException {
        try (GenvHost host = open()) {
            host.activate(gpus(1));
            afterTheLastAnswerIsOld();
            Files.move(directory, temporary.resolve("moved"));
            afterTheLastPlaceIsOld();

            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2)))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("moved away");

            Files.move(temporary.resolve("moved"), directory);
            assertThat(host.attach(DeviceRequest.gpus(2))).hasSize(2);
        }
    }

    @Test
    void shouldGrantNothingOnceTheStateFileIsMovedAway() throws IOException {
        try (GenvHost host = open()) {
            host.activate(gpus(1));
            Files.move(stateFile, directory.resolve("kept"));
            afterTheLastPlaceIsOld();

            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2)))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("moved away");
        }
    }

    @Test
    void shouldNotTakeAnybodyForDeadWhenTheLiveFileIsReplaced() throws IOException {
        try (GenvHost holder = open();
                GenvHost other = open()) {
            Activation activation = holder.activate(gpus(DEVICES));
            Files.move(liveFile, directory.resolve("kept"));
            Files.createFile(liveFile);

            assertThatThrownBy(() -> other.activate(gpus(1)))
                    .isInstanceOfAny(StateException.class, DevicesUnavailableException.class);
            assertThat(activation.devices()).hasSize(DEVICES);
        }
    }

    /** Whose lock is gone may have it in the file that has the name now. */
    @Test
    void shouldRemoveNobodyWhoseLockIsGoneOnceTheLiveFileIsReplaced() throws Exception {
        Path kept = directory.resolve("kept");
        try (MappedStore store = MappedStore.open(directory, GenvOptions.Sharing.EVERYONE)) {
            EnvRules.Key env = EnvRules.Key.of(activate(store, 0));
            try (LifeLocks mortal = LifeLocks.open(liveFile)) {
                assertThat(mortal.tryHold(5_000)).isTrue();
                store.adopt(env, Member.seated(5_000, 1, 1));
                store.leave(env, store.caller().member());
                Files.move(liveFile, kept);
                Files.createFile(liveFile);
            }

            assertThatThrownBy(store::reap)
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("genv.live was deleted or replaced");
            assertThat(store.<Integer>read(Draft::envCount)).isEqualTo(1);

            Files.move(kept, liveFile, StandardCopyOption.REPLACE_EXISTING);
            assertThat(store.reap()).isEqualTo(1);
        }
    }

    @Test
    void shouldGrantNothingOnceTheStateFileIsDeleted() throws IOException {
        try (GenvHost host = open()) {
            host.activate(gpus(1));
            Files.delete(stateFile);
            afterTheLastAnswerIsOld();

            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2)))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("deleted or replaced");
            assertThatThrownBy(host::lock)
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("deleted or replaced");

            assertRefused("genv.state was deleted while it is in use");
            assertThat(stateFile)
                    .as("a new state beside the one that is in use")
                    .doesNotExist();
            assertThat(host.detach()).as("to give back is harmless").isEmpty();
        }
        try (GenvHost fresh = open()) {
            assertThat(fresh.snapshot().envs()).isEmpty();
            assertThat(fresh.activate(gpus(DEVICES)).devices()).hasSize(DEVICES);
        }
    }

    @Test
    void shouldGrantNothingOnceTheStateFileIsReplaced() throws IOException {
        Path elsewhere = temporary.resolve("elsewhere");
        open(elsewhere).close();
        try (GenvHost host = open()) {
            host.activate(gpus(1));
            Files.move(elsewhere.resolve("genv.state"), stateFile, StandardCopyOption.REPLACE_EXISTING);
            afterTheLastAnswerIsOld();

            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2))).isInstanceOf(StateException.class);
        }
    }

    // ---- limits ----------------------------------------------------------------------------------------------------

    @Test
    void shouldRefuseOneEnvironmentTooManyAndGoOn() throws InterruptedException {
        try (MappedStore store = MappedStore.open(directory, GenvOptions.Sharing.EVERYONE)) {
            EnvBlock last = activate(store, 0);
            for (int i = 1; i < 4096; i++) {
                last = activate(store, i);
            }

            assertThatThrownBy(() -> activate(store, 4096))
                    .isInstanceOf(GenvException.class)
                    .hasMessageContaining("too many environments: limit=4096")
                    .hasMessageContaining("GENV_TMPDIR");
            int envs = store.read(draft -> draft.envCount());
            assertThat(envs).isEqualTo(4096);

            store.leave(EnvRules.Key.of(last), store.caller().member());
            assertThat(activate(store, 5000).eid()).isEqualTo("env-5000");
        }
        try (GenvHost host = open()) {
            assertThat(host.snapshot().envs()).isEmpty();
        }
    }

    @Test
    void shouldServeAHostOf128DevicesAndRefuseALargerOne() {
        try (GenvHost host = open(directory, 128)) {
            Activation activation = host.activate(gpus(128));
            assertThat(activation.devices()).hasSize(128).contains(0, 63, 64, 127);
            assertThat(host.lock().devices()).hasSize(128);
        }
        try (GenvHost host = open(directory, 129)) {
            assertThatThrownBy(() -> host.activate(gpus(129)))
                    .isInstanceOf(GenvException.class)
                    .hasMessageContaining("128");
        }
    }

    // ---- help ------------------------------------------------------------------------------------------------------

    private static EnvBlock activate(MappedStore store, int number) throws InterruptedException {
        EnvRules.Activation asked =
                new EnvRules.Activation(Optional.of("env-" + number), "unused", EnvConfig.empty(), false);
        Outcome<EnvBlock> outcome = store.activate(asked, Candidates.NONE, WaitLimit.NONE);
        if (outcome instanceof Outcome.Granted<EnvBlock>(EnvBlock block)) {
            return block;
        }
        throw new AssertionError("not granted: " + outcome);
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }

    private GenvHost open() {
        return open(directory);
    }

    private static GenvHost open(Path directory) {
        return open(directory, DEVICES);
    }

    private static GenvHost open(Path directory, int devices) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(devices))
                .processEnvironment(false)
                .build());
    }

    private void assertRefused(String message) {
        assertThatThrownBy(this::open).isInstanceOf(StateException.class).hasMessageContaining(message);
    }

    /** Whether the file is still there is asked at most every 50 µs. */
    private static void afterTheLastAnswerIsOld() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < 200_000) {
            Thread.onSpinWait();
        }
    }

    /** Whether its path still leads to it is asked at most every 10 ms. */
    private static void afterTheLastPlaceIsOld() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < 12_000_000) {
            Thread.onSpinWait();
        }
    }

    private void truncate(long size) throws IOException {
        try (FileChannel channel = FileChannel.open(stateFile, StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }

    private long word(long offset) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
        try (FileChannel channel = FileChannel.open(stateFile, StandardOpenOption.READ)) {
            channel.read(buffer, offset);
        }
        return buffer.getLong(0);
    }

    private void word(long offset, long value) throws IOException {
        ByteBuffer buffer =
                ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, value);
        try (FileChannel channel = FileChannel.open(stateFile, StandardOpenOption.WRITE)) {
            channel.write(buffer, offset);
        }
    }
}
