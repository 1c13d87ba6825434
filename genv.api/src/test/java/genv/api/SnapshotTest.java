// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SnapshotTest {
    private static final EnvInfo ENV =
            new EnvInfo("e", 1000, "me", Instant.EPOCH, EnvConfig.empty(), List.of(7L), List.of(1), Optional.empty());

    private static DeviceInfo device(int index) {
        return new DeviceInfo(
                index, Optional.empty(), Optional.empty(), Optional.empty(), List.of(), List.of(), List.of());
    }

    @Test
    void shouldFindEnvAndDeviceWhenTheyAreThere() {
        Snapshot snapshot = new Snapshot(List.of(ENV), List.of(device(1), device(3)));

        assertThat(snapshot.env("e")).contains(ENV);
        assertThat(snapshot.env("f")).isEmpty();
        assertThat(snapshot.device(3)).contains(device(3));
        assertThat(snapshot.device(2)).isEmpty();
        assertThat(snapshot.device(-1)).isEmpty();
    }

    @Test
    void shouldNotChangeWhenListsDo() {
        List<EnvInfo> envs = new ArrayList<>(List.of(ENV));
        List<DeviceInfo> devices = new ArrayList<>(List.of(device(0)));
        List<Long> pids = new ArrayList<>(List.of(7L));
        List<Integer> indices = new ArrayList<>(List.of(1));
        Snapshot snapshot = new Snapshot(envs, devices);
        EnvInfo env = new EnvInfo("e", 1000, "me", Instant.EPOCH, EnvConfig.empty(), pids, indices, Optional.empty());
        envs.clear();
        devices.clear();
        pids.clear();
        indices.clear();

        assertThat(snapshot.envs()).containsExactly(ENV).isUnmodifiable();
        assertThat(snapshot.devices()).containsExactly(device(0)).isUnmodifiable();
        assertThat(env).isEqualTo(ENV);
        assertThat(env.pids()).isUnmodifiable();
        assertThat(env.devices()).isUnmodifiable();
    }

    @Test
    void shouldNotChangeWhenListsOfDeviceDo() {
        List<DeviceInfo.Attachment> attachments =
                new ArrayList<>(List.of(new DeviceInfo.Attachment("e", Optional.empty(), Instant.EPOCH)));
        List<DeviceInfo.LockHolder> holders = new ArrayList<>(
                List.of(new DeviceInfo.LockHolder("e", 7, LockMode.SHARE, Optional.empty(), Instant.EPOCH)));
        List<DeviceInfo.Waiter> waiters =
                new ArrayList<>(List.of(new DeviceInfo.Waiter("f", 8, DeviceInfo.Wait.DEVICES, Instant.EPOCH, 0)));
        DeviceInfo device =
                new DeviceInfo(0, Optional.of("u"), Optional.of("n"), Optional.empty(), attachments, holders, waiters);
        attachments.clear();
        holders.clear();
        waiters.clear();

        assertThat(device.attachments()).hasSize(1).isUnmodifiable();
        assertThat(device.lockHolders()).hasSize(1).isUnmodifiable();
        assertThat(device.waiters()).hasSize(1).isUnmodifiable();
    }

    @Test
    void shouldRefuseNullWhenMade() {
        assertThatNullPointerException()
                .isThrownBy(() -> new DeviceInfo.Attachment("e", Nulls.nothing(), Instant.EPOCH));
        assertThatNullPointerException()
                .isThrownBy(() -> new DeviceInfo.LockHolder("e", 1, Nulls.nothing(), Optional.empty(), Instant.EPOCH));
        assertThatNullPointerException()
                .isThrownBy(() -> new DeviceInfo.Waiter("e", 1, Nulls.nothing(), Instant.EPOCH, 0));
        assertThatNullPointerException()
                .isThrownBy(() -> new EnvInfo(
                        Nulls.nothing(),
                        0,
                        "me",
                        Instant.EPOCH,
                        EnvConfig.empty(),
                        List.of(),
                        List.of(),
                        Optional.empty()));
    }
}
