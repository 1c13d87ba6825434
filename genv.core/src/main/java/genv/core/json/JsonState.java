// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.StateException;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the two files say. Immutable.
 *
 * @param envsRoot the outermost object of {@code envs.json}
 * @param devicesRoot that of {@code devices.json}
 * @param envs in the order of the file, with their attachments
 * @param devices in the order of the file, without attachments of environments that are gone
 * @param orphaned whether the file has such attachments
 */
record JsonState(
        Map<String, @Nullable Object> envsRoot,
        Map<String, @Nullable Object> devicesRoot,
        List<EnvEntry> envs,
        List<DeviceEntry> devices,
        boolean orphaned) {
    /** The files' names. */
    static final String ENVS = "envs.json";

    static final String DEVICES = "devices.json";

    private static final String ENVS_KEY = "envs";
    private static final String DEVICES_KEY = "devices";

    /** A state without environments and devices, as absent files mean it. */
    static final byte[] NO_ENVS = print(ENVS_KEY, Map.of(), List.of());

    /**
     * Reads the files' contents.
     *
     * @param envs the content of {@code envs.json}, or null where there is none
     * @param devices the content of {@code devices.json}, or null
     * @throws StateException if one of them is not in Genv's format
     */
    static JsonState parse(
            Path directory, byte @Nullable [] envs, byte @Nullable [] devices, EnvEntry.Members members, EnvIds ids) {
        Map<String, @Nullable Object> envsRoot;
        List<EnvEntry> envEntries = new ArrayList<>();
        Path file = directory.resolve(ENVS);
        try {
            envsRoot = root(envs, ENVS_KEY);
            for (Map<String, @Nullable Object> entry : JsonTree.entries(envsRoot.get(ENVS_KEY), "eid", ENVS_KEY)) {
                envEntries.add(EnvEntry.parse(entry, members, ids));
            }
            requireUnique(envEntries, entry -> entry.block().eid(), "an environment is there twice", ENVS_KEY);
        } catch (JsonFault fault) {
            throw damaged(file, envs, fault);
        }
        file = directory.resolve(DEVICES);
        try {
            Map<String, @Nullable Object> devicesRoot = root(devices, DEVICES_KEY);
            List<DeviceEntry> deviceEntries = new ArrayList<>();
            Object listed = devicesRoot.get(DEVICES_KEY);
            for (Map<String, @Nullable Object> entry : JsonTree.entries(listed, "index", DEVICES_KEY)) {
                deviceEntries.add(DeviceEntry.parse(entry, listed instanceof Map));
            }
            requireUnique(deviceEntries, DeviceEntry::index, "a device is there twice", DEVICES_KEY);
            return joined(envsRoot, devicesRoot, envEntries, deviceEntries);
        } catch (JsonFault fault) {
            throw damaged(file, devices, fault);
        }
    }

    private static Map<String, @Nullable Object> root(byte @Nullable [] text, String key) throws JsonFault {
        if (text == null) {
            return Map.of(key, List.of());
        }
        Map<String, @Nullable Object> root = JsonTree.object(JsonText.parse(text), "the top");
        if (root.containsKey(key)) {
            return root;
        }
        // older: the map of all of them is the file
        if (root.values().stream().allMatch(value -> value instanceof Map)) {
            Map<String, @Nullable Object> wrapped = new LinkedHashMap<>();
            wrapped.put(key, root);
            return wrapped;
        }
        throw new JsonFault("the key \"" + key + "\" is missing", "at=the top");
    }

    /** Of two entries one would be read and the other forgotten, and with it what it has given out. */
    private static <T> void requireUnique(List<T> entries, Function<T, Object> name, String fact, String where)
            throws JsonFault {
        Set<Object> known = new HashSet<>();
        for (T entry : entries) {
            if (!known.add(name.apply(entry))) {
                throw new JsonFault(fact, "at=" + where + " value=" + name.apply(entry));
            }
        }
    }

    /** Gives the environments their attachments, and leaves out those of environments that are gone. */
    private static JsonState joined(
            Map<String, @Nullable Object> envsRoot,
            Map<String, @Nullable Object> devicesRoot,
            List<EnvEntry> envs,
            List<DeviceEntry> devices) {
        Map<String, EnvBlock> blocks = new HashMap<>();
        envs.forEach(env -> blocks.put(env.block().eid(), env.block()));
        List<DeviceEntry> kept = new ArrayList<>();
        boolean orphaned = false;
        for (DeviceEntry device : devices) {
            List<DeviceEntry.Attachment> alive = device.attachments().stream()
                    .filter(attachment -> blocks.containsKey(attachment.eid()))
                    .toList();
            orphaned |= alive.size() < device.attachments().size();
            kept.add(device.with(alive));
            if (device.index() < RecordLayout.MAX_DEVICES) {
                int index = (int) device.index();
                boolean overSubscribed = device.with(alive).isOverSubscribed();
                for (DeviceEntry.Attachment attachment : alive) {
                    blocks.computeIfPresent(
                            attachment.eid(),
                            (eid, block) -> block.devices().contains(index)
                                    ? block
                                    : block.withDevices(DeviceSet.of(index), overSubscribed, attachment.since()));
                }
            }
        }
        List<EnvEntry> complete = envs.stream()
                .map(env -> env.with(blocks.getOrDefault(env.block().eid(), env.block())))
                .toList();
        return new JsonState(envsRoot, devicesRoot, complete, List.copyOf(kept), orphaned);
    }

    /** The same with what is known beside the files of this process's own memberships. */
    JsonState with(PidMembers members) {
        List<EnvEntry> counted = new ArrayList<>(envs.size());
        boolean changed = false;
        for (EnvEntry env : envs) {
            EnvBlock block = members.counted(env.block());
            changed |= block != env.block();
            counted.add(block == env.block() ? env : env.with(block));
        }
        return changed ? new JsonState(envsRoot, devicesRoot, counted, devices, orphaned) : this;
    }

    byte[] printEnvs(List<EnvEntry> entries) {
        return print(ENVS_KEY, envsRoot, entries.stream().map(EnvEntry::print).toList());
    }

    byte[] printDevices(List<DeviceEntry> entries) {
        return print(
                DEVICES_KEY,
                devicesRoot,
                entries.stream().map(DeviceEntry::print).toList());
    }

    private static byte[] print(String key, Map<String, @Nullable Object> root, List<?> entries) {
        Map<String, @Nullable Object> printed = new LinkedHashMap<>(root);
        printed.put(key, entries);
        return JsonPrinter.print(printed);
    }

    private static StateException damaged(Path file, byte @Nullable [] text, JsonFault fault) {
        int length = text == null ? 0 : text.length;
        boolean cut = length == 0 || Arrays.equals(text, new byte[length]);
        return new StateException((cut ? "a state file of Genv is empty" : "a state file of Genv cannot be read")
                + ": path=" + file + " bytes=" + length + (fault.place().isEmpty() ? "" : " " + fault.place())
                + " reason=" + fault.fact()
                + "; it is left as it is: end the programs that use the directory, then mend the file, or move it away"
                + " so that a new one is made");
    }
}
