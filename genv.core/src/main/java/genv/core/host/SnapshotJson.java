// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceInfo;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.MemorySize;
import genv.api.Snapshot;
import genv.api.WaiterInfo;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;
import tools.jackson.jr.ob.comp.ArrayComposer;
import tools.jackson.jr.ob.comp.ComposerBase;
import tools.jackson.jr.ob.comp.ObjectComposer;

/**
 * A snapshot as JSON, by {@code docs/snapshot.schema.json}.
 *
 * <p>Keys come in one order and are always there; what is absent is null. Times are ISO-8601 in UTC, memory is in bytes. A
 * key may be added within a version; one that goes or changes its meaning makes a new version.
 */
final class SnapshotJson {
    private static final int VERSION = 1;

    private SnapshotJson() {}

    /** {@code taken}: when the snapshot was taken. */
    static String of(Snapshot snapshot, Instant taken) {
        var root = JSON.std.composeString().startObject();
        root.put("version", VERSION)
                .put("taken", taken.toString())
                .put("format", snapshot.format().name());
        var envs = root.startArrayProperty("envs");
        snapshot.envs().forEach(env -> add(envs, env));
        envs.end();
        var devices = root.startArrayProperty("devices");
        snapshot.devices().forEach(device -> add(devices, device));
        devices.end();
        var waiters = root.startArrayProperty("waiters");
        snapshot.waiters().forEach(waiter -> add(waiters, waiter));
        waiters.end();
        return root.end().finish();
    }

    private static <P extends ComposerBase> void add(ArrayComposer<P> waiters, WaiterInfo waiter) {
        var object = waiters.startObject()
                .put("eid", waiter.eid())
                .put("uid", waiter.uid())
                .put("pid", waiter.pid())
                .put("waitsFor", waiter.waitsFor().name())
                .put("limited", waiter.limited());
        var devices = object.startArrayProperty("devices");
        waiter.devices().forEach(index -> devices.add((int) index));
        devices.end();
        object.put("count", waiter.count());
        put(object, "gpuMemory", waiter.gpuMemory());
        object.put("since", waiter.since().toString()).end();
    }

    private static <P extends ComposerBase> void add(ArrayComposer<P> envs, EnvInfo env) {
        var object = envs.startObject()
                .put("eid", env.eid())
                .put("uid", env.uid())
                .put("username", env.username())
                .put("created", env.created().toString());
        EnvConfig config = env.config();
        var configured = object.startObjectProperty("config");
        put(configured, "name", config.name().orElse(null));
        if (config.gpus().isPresent()) {
            configured.put("gpus", config.gpus().getAsInt());
        } else {
            configured.putNull("gpus");
        }
        put(configured, "gpuMemory", config.gpuMemory());
        configured.end();
        var pids = object.startArrayProperty("pids");
        env.pids().forEach(pid -> pids.add((long) pid));
        pids.end();
        var devices = object.startArrayProperty("devices");
        env.devices().forEach(index -> devices.add((int) index));
        devices.end();
        put(object, "leaseEnd", env.leaseEnd().map(Instant::toString).orElse(null));
        object.end();
    }

    private static <P extends ComposerBase> void add(ArrayComposer<P> devices, DeviceInfo device) {
        var object = devices.startObject().put("index", device.index());
        put(object, "uuid", device.uuid().orElse(null));
        put(object, "name", device.name().orElse(null));
        put(object, "totalMemory", device.totalMemory());
        var attachments = object.startArrayProperty("attachments");
        for (DeviceInfo.Attachment attachment : device.attachments()) {
            var item = attachments.startObject().put("eid", attachment.eid());
            put(item, "gpuMemory", attachment.gpuMemory());
            item.put("since", attachment.since().toString()).end();
        }
        attachments.end();
        var holders = object.startArrayProperty("lockHolders");
        for (DeviceInfo.LockHolder holder : device.lockHolders()) {
            var item = holders.startObject()
                    .put("eid", holder.eid())
                    .put("pid", holder.pid())
                    .put("mode", holder.mode().name());
            put(item, "share", holder.share());
            item.put("since", holder.since().toString()).end();
        }
        holders.end();
        var waiters = object.startArrayProperty("waiters");
        for (DeviceInfo.Waiter waiter : device.waiters()) {
            waiters.startObject()
                    .put("eid", waiter.eid())
                    .put("pid", waiter.pid())
                    .put("waitsFor", waiter.waitsFor().name())
                    .put("since", waiter.since().toString())
                    .put("position", waiter.position())
                    .end();
        }
        waiters.end();
        object.end();
    }

    private static void put(ObjectComposer<?> object, String key, @Nullable String value) {
        if (value == null) {
            object.putNull(key);
        } else {
            object.put(key, value);
        }
    }

    private static void put(ObjectComposer<?> object, String key, Optional<MemorySize> memory) {
        if (memory.isPresent()) {
            object.put(key, memory.get().bytes());
        } else {
            object.putNull(key);
        }
    }
}
