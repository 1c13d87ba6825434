// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.api.Snapshot;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A snapshot as lists, maps, text and numbers, by its record components: so a component that is added is not forgotten. */
final class Plain {
    private Plain() {}

    static @Nullable Object envs(Snapshot snapshot) {
        return of(snapshot.envs());
    }

    static @Nullable Object devices(Snapshot snapshot) {
        return of(snapshot.devices());
    }

    static @Nullable Object waiters(Snapshot snapshot) {
        return of(snapshot.waiters());
    }

    private static @Nullable Object of(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Optional<?> optional -> of(optional.orElse(null));
            case OptionalInt optional -> optional.isPresent() ? optional.getAsInt() : null;
            case MemorySize memory -> number(memory.bytes());
            case Long number -> number(number);
            case Integer number -> number;
            case Boolean truth -> truth;
            case String text -> text;
            case Instant instant -> instant.toString();
            case Enum<?> constant -> constant.name();
            case Collection<?> all -> all.stream().map(Plain::of).toList();
            case EnvConfig config -> config(config);
            case Record data -> components(data);
            default -> throw new IllegalArgumentException("not a part of a snapshot: class=" + value.getClass());
        };
    }

    /** As a parser of JSON gives it. */
    private static Object number(long value) {
        return (int) value == value ? (Object) (int) value : (Object) value;
    }

    private static Map<String, @Nullable Object> config(EnvConfig config) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("name", of(config.name()));
        map.put("gpus", of(config.gpus()));
        map.put("gpuMemory", of(config.gpuMemory()));
        return map;
    }

    private static Map<String, @Nullable Object> components(Record data) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        Arrays.stream(data.getClass().getRecordComponents()).forEach(component -> {
            try {
                map.put(component.getName(), of(component.getAccessor().invoke(data)));
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("a component cannot be read: component=" + component, e);
            }
        });
        return map;
    }
}
