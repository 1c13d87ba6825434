// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.MemorySize;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A device as it stands in {@code devices.json}. Immutable.
 *
 * @param source what the file says of it; empty for one that is not in the file yet
 * @param total its memory in bytes, or -1
 */
record DeviceEntry(Map<String, @Nullable Object> source, long index, long total, List<Attachment> attachments) {
    private static final String ATTACHMENTS = "attachments";
    private static final long MEBIBYTE = 1L << 20;

    /**
     * An environment that has the device.
     *
     * @param share bytes, or {@link EnvBlock#WHOLE}
     * @param since milliseconds since 1970
     */
    record Attachment(Map<String, @Nullable Object> source, String eid, long share, long since) {
        static Attachment parse(Map<String, @Nullable Object> source, String where) throws JsonFault {
            String at = where + ".attachments";
            String eid = JsonTree.identifier(source.get("eid"), at + ".eid");
            long share = JsonTree.memory(source.get("gpu_memory"));
            return new Attachment(
                    source,
                    eid,
                    share <= 0 ? EnvBlock.WHOLE : share, // an impossible amount gives no room to others
                    LocalTimes.parse(JsonTree.text(source.get("time"), at + ".time"), at + ".time"));
        }

        Attachment withShare(long newShare) {
            if (newShare == share) {
                return this;
            }
            Map<String, @Nullable Object> changed = new LinkedHashMap<>(source);
            changed.put("gpu_memory", printed(newShare));
            return new Attachment(changed, eid, newShare, since);
        }

        Map<String, @Nullable Object> print() {
            if (!source.isEmpty()) {
                return source;
            }
            Map<String, @Nullable Object> printed = new LinkedHashMap<>();
            printed.put("eid", eid);
            printed.put("gpu_memory", printed(share));
            printed.put("time", LocalTimes.print(since));
            return printed;
        }

        private static @Nullable String printed(long share) {
            return share == EnvBlock.WHOLE ? null : MemorySize.ofBytes(share).toString();
        }
    }

    /** {@code older}: of a file that may leave out the attachments of a device that has none. */
    static DeviceEntry parse(Map<String, @Nullable Object> source, boolean older) throws JsonFault {
        long index = JsonTree.number(source.get("index"), "devices.index");
        if (index < 0) {
            throw new JsonFault("a device has a negative index", "at=devices value=" + index);
        }
        String where = "devices." + index;
        List<Attachment> attachments = new ArrayList<>();
        Object listed = older && !source.containsKey(ATTACHMENTS) ? List.of() : source.get(ATTACHMENTS);
        for (Map<String, @Nullable Object> entry : JsonTree.entries(listed, "eid", where + ".attachments")) {
            attachments.add(Attachment.parse(entry, where));
        }
        long total = JsonTree.memory(source.get("total_memory"));
        return new DeviceEntry(source, index, total <= 0 ? -1 : total, List.copyOf(attachments));
    }

    /** One that the file does not have yet; 0 stands for a memory that is not known. */
    static DeviceEntry create(int index, long total) {
        Map<String, @Nullable Object> source = new LinkedHashMap<>();
        source.put("index", index);
        source.put("total_memory", Math.max(total, 0) / MEBIBYTE + "mi");
        return new DeviceEntry(source, index, total, List.of());
    }

    DeviceEntry with(List<Attachment> changed) {
        return new DeviceEntry(source, index, total, changed);
    }

    DeviceUse use() {
        int whole = 0;
        long reserved = 0;
        for (Attachment attachment : attachments) {
            if (attachment.share() == EnvBlock.WHOLE) {
                whole++;
            } else {
                reserved += EnvBlock.counted(attachment.share());
            }
        }
        return new DeviceUse(attachments.size(), whole, reserved, total);
    }

    /**
     * Whether more is reserved than there is. The file does not say of whom that was asked for: it counts for all who have
     * the device. The memory of a device is rounded down there, so that much more is none.
     */
    boolean isOverSubscribed() {
        DeviceUse use = use();
        return (use.whole() > 0 && use.population() > 1)
                || (use.total() >= 0 && use.reserved() > use.total() + MEBIBYTE);
    }

    Map<String, @Nullable Object> print() {
        Map<String, @Nullable Object> printed = new LinkedHashMap<>(source);
        // of an older file the index may be a text
        printed.replace("index", index);
        printed.put(ATTACHMENTS, attachments.stream().map(Attachment::print).toList());
        return printed;
    }
}
