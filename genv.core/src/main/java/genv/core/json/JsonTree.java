// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.MemorySize;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes values out of parsed JSON, and says where one has the wrong type. */
final class JsonTree {
    private JsonTree() {}

    @SuppressWarnings("unchecked") // a JSON object has texts as keys
    static Map<String, @Nullable Object> object(@Nullable Object value, String where) throws JsonFault {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw wrong("an object", value, where);
    }

    /**
     * The entries of a list; or those of a map, as older files have it, each with its key put in as the value of {@code
     * keyName} where it lacks that. What is missing or null is damage: it would be taken for nothing and written over.
     */
    static List<Map<String, @Nullable Object>> entries(@Nullable Object value, String keyName, String where)
            throws JsonFault {
        List<Map<String, @Nullable Object>> entries = new ArrayList<>();
        switch (value) {
            case List<?> list -> {
                for (Object entry : list) {
                    entries.add(object(entry, where));
                }
            }
            case Map<?, ?> map -> {
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    String key = String.valueOf(entry.getKey());
                    Map<String, @Nullable Object> object = object(entry.getValue(), where + "." + key);
                    if (!object.containsKey(keyName)) {
                        Map<String, @Nullable Object> withKey = new LinkedHashMap<>();
                        withKey.put(keyName, key);
                        withKey.putAll(object);
                        object = withKey;
                    }
                    entries.add(object);
                }
            }
            case null, default -> throw wrong("a list", value, where);
        }
        return entries;
    }

    static List<?> list(@Nullable Object value, String where) throws JsonFault {
        if (value instanceof List<?> list) {
            return list;
        }
        throw wrong("a list", value, where);
    }

    /** What something is called: a text that is not empty, or a whole number, which stands for its text. */
    static String identifier(@Nullable Object value, String where) throws JsonFault {
        return switch (value) {
            case String text when !text.isEmpty() -> text;
            case Long number -> number.toString();
            case null, default -> throw wrong("an identifier", value, where);
        };
    }

    /** The number of a process: what can never be one was not written by Genv. */
    static long pid(@Nullable Object value, String where) throws JsonFault {
        long pid = number(value, where);
        if (pid < 1 || pid > Integer.MAX_VALUE) {
            throw wrong("the number of a process", value, where);
        }
        return pid;
    }

    static String text(@Nullable Object value, String where) throws JsonFault {
        if (value instanceof String text) {
            return text;
        }
        throw wrong("a text", value, where);
    }

    /** A whole number, or a text of one: keys of older files are texts. */
    static long number(@Nullable Object value, String where) throws JsonFault {
        switch (value) {
            case Long number -> {
                return number;
            }
            case String text -> {
                try {
                    return Long.parseLong(text);
                } catch (NumberFormatException notOne) {
                    throw wrong("a number", value, where);
                }
            }
            case null, default -> throw wrong("a number", value, where);
        }
    }

    /** An amount of memory in bytes, or -1 where it is absent or cannot be one. */
    static long memory(@Nullable Object value) {
        if (value == null) {
            return -1;
        }
        try {
            return MemorySize.parse(value.toString()).bytes();
        } catch (IllegalArgumentException notAnAmount) {
            return -1;
        }
    }

    private static JsonFault wrong(String wanted, @Nullable Object value, String where) {
        if (value == null) {
            return new JsonFault(wanted + " is missing", "at=" + where);
        }
        return new JsonFault(
                "something else stands where " + wanted + " is expected",
                "at=" + where + " value=" + shortened(value.toString()));
    }

    /** A text of the file, for a message. */
    static String shortened(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "…" : text;
    }
}
