// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceInfo;
import genv.api.DevicesUnavailableException;
import genv.api.MemorySize;
import genv.api.Snapshot;
import genv.core.model.DeviceSet;
import genv.core.rules.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/** Says why devices could not be had: what was asked, what is free, and who holds the rest since when. */
final class Unavailable {
    private Unavailable() {}

    static DevicesUnavailableException of(Outcome.Never<?> never, Snapshot snapshot) {
        return new DevicesUnavailableException(
                never.reason(), never.asked(), never.free().toList(), snapshot.devices());
    }

    static DevicesUnavailableException of(Outcome.Busy<?> busy, Snapshot snapshot, Duration waited) {
        String limit = busy.limit();
        if (limit != null) {
            return new DevicesUnavailableException(
                    limit + (waited.isZero() ? "" : " waited=" + waited)
                            + "; free what other environments of the user have, or wait for that (waitUpTo)",
                    busy.asked(),
                    List.of(),
                    snapshot.devices());
        }
        DeviceSet wanted = busy.request().devices();
        List<DeviceInfo> devices = snapshot.devices().stream()
                .filter(device -> wanted.contains(device.index()))
                .toList();
        Instant now = Instant.now();
        String held = devices.stream()
                .filter(device -> !device.attachments().isEmpty())
                .map(device -> device.index() + ": " + holders(device, now))
                .collect(Collectors.joining("; ", "{", "}"));
        long ahead = devices.stream()
                .flatMap(device -> device.waiters().stream())
                .map(waiter -> waiter.eid() + waiter.pid())
                .distinct()
                .count();
        return new DevicesUnavailableException(
                "not enough devices are free: asked=" + busy.asked() + " free=" + busy.free() + " devices="
                        + wanted.size() + " held=" + held
                        + (ahead == 0 ? "" : " waiting=" + ahead)
                        + (waited.isZero() ? "" : " waited=" + waited)
                        + "; ask for fewer, wait for them (waitUpTo), or share them on purpose (overSubscribed)",
                busy.asked(),
                busy.free().toList(),
                devices);
    }

    private static String holders(DeviceInfo device, Instant now) {
        return device.attachments().stream()
                .map(attachment -> "eid=" + attachment.eid() + " "
                        + attachment.gpuMemory().map(MemorySize::toString).orElse("whole") + " for "
                        + age(attachment.since(), now))
                .collect(Collectors.joining(", "));
    }

    private static String age(Instant since, Instant now) {
        long seconds = Math.max(0, Duration.between(since, now).toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        return seconds < 3600 ? seconds / 60 + "m" : seconds / 3600 + "h" + seconds % 3600 / 60 + "m";
    }
}
