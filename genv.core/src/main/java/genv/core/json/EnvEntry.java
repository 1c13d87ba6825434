// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An environment as it stands in {@code envs.json}, and as the rules know it. Immutable.
 *
 * @param source what the file says of it; empty for one that is not in the file yet
 * @param block the same, with the attachments that {@code devices.json} has
 */
record EnvEntry(Map<String, @Nullable Object> source, EnvBlock block) {
    private static final String EID = "eid";
    private static final String UID = "uid";
    private static final String USERNAME = "username";
    private static final String CREATION = "creation";
    private static final String CONFIG = "config";
    private static final String PIDS = "pids";
    private static final String KERNELS = "kernel_ids";

    /** Where the file does not say whose it is. */
    private static final long NO_UID = -1;

    /** What is known of a process that an environment names by its pid. */
    interface Members {
        Member member(String eid, long created, long pid);

        /** A notebook kernel, whose life is known to Genv alone: its number among those of the environment. */
        Member kernel(String eid, int number);
    }

    static EnvEntry parse(Map<String, @Nullable Object> source, Members members, EnvIds ids) throws JsonFault {
        String eid = JsonTree.identifier(source.get(EID), "envs.eid");
        String where = "envs." + eid;
        long created = LocalTimes.parse(JsonTree.text(source.get(CREATION), where + ".creation"), where + ".creation");
        Object uid = source.get(UID);
        long knownUid = uid == null ? NO_UID : Math.max(JsonTree.number(uid, where + ".uid"), NO_UID);
        Object username = source.get(USERNAME);
        EnvBlock.Owner owner =
                new EnvBlock.Owner(knownUid, username == null ? Long.toString(knownUid) : username.toString());
        List<Member> all = new ArrayList<>();
        for (Object pid : JsonTree.list(source.get(PIDS), where + ".pids")) {
            all.add(members.member(eid, created, JsonTree.pid(pid, where + ".pids")));
        }
        Object kernelIds = source.get(KERNELS); // older files lack it
        int kernels = kernelIds == null
                ? 0
                : JsonTree.list(kernelIds, where + ".kernel_ids").size();
        for (int i = 0; i < kernels; i++) {
            all.add(members.kernel(eid, i));
        }
        Object config = source.get(CONFIG);
        EnvConfig parsed = config == null ? EnvConfig.empty() : config(JsonTree.object(config, where + ".config"));
        EnvBlock.Identity identity = ids.identity(eid, owner, created);
        return new EnvEntry(source, new EnvBlock(identity, parsed, new long[0], List.copyOf(all)));
    }

    /** What of a configuration could be one. What could not is left out here and kept in the file. */
    private static EnvConfig config(Map<String, @Nullable Object> source) {
        EnvConfig.Builder builder = EnvConfig.builder();
        try {
            Object name = source.get("name");
            if (name != null) {
                builder.name(name.toString());
            }
        } catch (IllegalArgumentException notAName) {
            // only shown
        }
        try {
            Object gpus = source.get("gpus");
            if (gpus != null) {
                builder.gpus(Integer.parseInt(gpus.toString()));
            }
        } catch (IllegalArgumentException notANumber) {
            // what is attached is in the other file
        }
        try {
            Object memory = source.get("gpu_memory");
            if (memory != null) {
                builder.gpuMemory(MemorySize.parse(memory.toString()));
            }
        } catch (IllegalArgumentException notAnAmount) {
            // whole devices are asked for: the safe side
        }
        return builder.build();
    }

    EnvEntry with(EnvBlock changed) {
        return new EnvEntry(source, changed);
    }

    /** Whether another entry would be printed alike. */
    boolean saysTheSame(EnvBlock other) {
        return block.config().equals(other.config()) && pids(block).equals(pids(other));
    }

    /** As it is to stand in the file: what has not changed is as it was. */
    Map<String, @Nullable Object> print() {
        Map<String, @Nullable Object> printed = new LinkedHashMap<>(source);
        if (source.isEmpty()) {
            printed.put(EID, block.eid());
            printed.put(UID, block.owner().uid());
            printed.put(CREATION, LocalTimes.print(block.created()));
            printed.put(USERNAME, block.owner().username());
        }
        printConfig(printed);
        printed.put(PIDS, printPids());
        if (!printed.containsKey(KERNELS)) {
            printed.put(KERNELS, List.of());
        }
        return printed;
    }

    private Object printPids() {
        List<Long> now = pids(block);
        return source.get(PIDS) instanceof List<?> before && texts(before).equals(texts(now)) ? before : now;
    }

    private static List<String> texts(List<?> values) {
        return values.stream().map(String::valueOf).toList();
    }

    private void printConfig(Map<String, @Nullable Object> printed) {
        Map<String, @Nullable Object> config = new LinkedHashMap<>();
        if (source.get(CONFIG) instanceof Map<?, ?> old) {
            old.forEach((key, value) -> config.put(String.valueOf(key), value));
        }
        EnvConfig before = config(config);
        EnvConfig now = block.config();
        if (now.equals(before) && !source.isEmpty()) {
            return; // as it is, or not there
        }
        put(config, "name", before.name(), now.name());
        put(
                config,
                "gpu_memory",
                before.gpuMemory().map(Object::toString),
                now.gpuMemory().map(Object::toString));
        put(config, "gpus", gpus(before), gpus(now));
        printed.put(CONFIG, config);
    }

    private static Optional<Integer> gpus(EnvConfig config) {
        return config.gpus().stream().boxed().findFirst();
    }

    private static <T> void put(
            Map<String, @Nullable Object> printed, String key, Optional<T> before, Optional<T> now) {
        if (!Objects.equals(before, now) || !printed.containsKey(key)) {
            printed.put(key, now.isPresent() ? now.get() : null);
        }
    }

    private static List<Long> pids(EnvBlock block) {
        return block.members().stream().map(Member::pid).filter(pid -> pid > 0).toList();
    }
}
