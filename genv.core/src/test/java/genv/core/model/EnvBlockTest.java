// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class EnvBlockTest {
    private static final Member SELF = Member.seated(7, 100, 5);

    @Test
    void shouldBeginWithOneMemberAndNoDevice() {
        EnvBlock block = block(EnvConfig.empty());

        assertThat(block.eid()).isEqualTo("e");
        assertThat(block.hash()).isEqualTo(EidHash.of("e"));
        assertThat(block.members()).containsExactly(SELF);
        assertThat(block.devices()).isEqualTo(DeviceSet.EMPTY);
        assertThat(block.attachmentCount()).isZero();
        assertThat(block.gpuMemory()).isEqualTo(EnvBlock.WHOLE);
    }

    @Test
    void shouldKeepAttachmentsInTheOrderOfTheirIndices() {
        EnvBlock block = block(EnvConfig.empty())
                .withDevices(DeviceSet.of(new int[] {5, 127}), false, 1000)
                .withDevices(DeviceSet.of(new int[] {0, 64}), true, 2000);

        assertThat(block.devices().toList()).containsExactly(0, 5, 64, 127);
        int[] indices = new int[4];
        for (int i = 0; i < 4; i++) {
            long attachment = block.attachment(i);
            indices[i] = EnvBlock.index(attachment);
            boolean later = indices[i] % 64 == 0;
            assertThat(EnvBlock.since(attachment)).isEqualTo(later ? 2000 : 1000);
            assertThat(EnvBlock.isOverSubscribed(attachment)).isEqualTo(later);
        }
        assertThat(indices).containsExactly(0, 5, 64, 127);
    }

    @Test
    void shouldLoseOnlyTheDevicesThatAreTaken() {
        EnvBlock block = block(EnvConfig.empty()).withDevices(new DeviceSet(0xf, 0), false, 1);

        EnvBlock less = block.withoutDevices(DeviceSet.of(new int[] {1, 3, 90}));

        assertThat(less.devices().toList()).containsExactly(0, 2);
        assertThat(less.attachmentCount()).isEqualTo(2);
        assertThat(block.attachmentCount()).as("a block never changes").isEqualTo(4);
    }

    @Test
    void shouldCountTheMembershipsOfOneProcess() {
        Member other = Member.seated(8, 101, 5);
        EnvBlock block = block(EnvConfig.empty()).withMember(SELF).withMember(other);

        assertThat(block.members()).containsExactly(SELF.withCount(2), other);
        assertThat(block.withoutMember(SELF).members()).containsExactly(SELF, other);
        assertThat(block.withoutMember(SELF).withoutMember(SELF).members()).containsExactly(other);
        assertThat(block.withoutMember(Member.seated(9, 100, 5)).members()).isEqualTo(block.members());
    }

    @Test
    void shouldTellProcessesApartByWhatIsUniqueAboutThem() {
        assertThat(SELF.sameProcess(Member.seated(7, 999, 6)))
                .as("a token is unique")
                .isTrue();
        assertThat(SELF.sameProcess(Member.seated(8, 100, 5))).isFalse();

        Member adopted = Member.adopted(7, 100, 5);
        assertThat(SELF.sameProcess(adopted)).as("a start time is no token").isFalse();
        assertThat(adopted.sameProcess(Member.adopted(7, 100, 5))).isTrue();
        assertThat(adopted.sameProcess(Member.adopted(7, 101, 5))).isFalse();
        assertThat(adopted.sameProcess(Member.adopted(8, 100, 5)))
                .as("a reused pid")
                .isFalse();
        assertThat(adopted.sameProcess(Member.adopted(7, 100, 6)))
                .as("another pid namespace")
                .isFalse();
    }

    @Test
    void shouldReserveWhatIsConfigured() {
        EnvConfig half = EnvConfig.builder().gpuMemory("8g").build();

        assertThat(block(half).gpuMemory()).isEqualTo(8_000_000_000L);
        assertThat(EnvBlock.share(half)).isEqualTo(8_000_000_000L);
        assertThat(block(half).withConfig(EnvConfig.empty()).gpuMemory()).isEqualTo(EnvBlock.WHOLE);
    }

    @Test
    void shouldMakeTheConfigurationOfItsStoredParts() {
        for (EnvConfig config : List.of(
                EnvConfig.empty(),
                EnvConfig.builder().name("n").build(),
                EnvConfig.builder().gpus(0).build(),
                EnvConfig.builder().name("n").gpus(3).gpuMemory("1k").build())) {
            assertThat(EnvBlock.config(config.name(), EnvBlock.gpus(config), EnvBlock.share(config)))
                    .isEqualTo(config);
        }
    }

    @Test
    void shouldQueueRequestsForDevicesApartFromThoseForLocks() {
        QueuedRequest.Kind devices = QueuedRequest.Kind.DEVICES;
        QueuedRequest.Kind exclusive = QueuedRequest.Kind.EXCLUSIVE_LOCK;
        QueuedRequest.Kind shared = QueuedRequest.Kind.SHARED_LOCK;

        assertThat(devices.competesWith(devices)).isTrue();
        assertThat(exclusive.competesWith(shared)).isTrue();
        assertThat(shared.competesWith(exclusive)).isTrue();
        assertThat(devices.competesWith(exclusive)).isFalse();
        assertThat(shared.competesWith(devices)).isFalse();
        assertThat(new int[] {devices.code(), exclusive.code(), shared.code()})
                .as("the numbers are in the file")
                .containsExactly(0, 1, 2);
        assertThat(new int[] {Member.Kind.SEATED.code(), Member.Kind.ADOPTED.code()})
                .as("the numbers are in the file")
                .containsExactly(0, 1);
    }

    /** Environments are found by it in files that other versions of this library wrote. */
    @Test
    void shouldHashIdentifiersAsTheFormatSays() {
        assertThat(EidHash.of("")).isZero();
        assertThat(EidHash.of("1234")).isEqualTo(HASH_1234);
        assertThat(EidHash.of("a-long.identifier_of-somebody")).isEqualTo(HASH_LONG);
    }

    private static final int HASH_1234 = 0x188a_77a5;
    private static final int HASH_LONG = 0x6785_c6e7;

    private static EnvBlock block(EnvConfig config) {
        return EnvBlock.create(1, "e", new EnvBlock.Owner(1000, "somebody"), 1, config, SELF);
    }
}
