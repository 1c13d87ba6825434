// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.DeviceSet;
import java.util.List;
import java.util.stream.Collectors;

/** Device indices as text. Events have no lists. */
final class Indices {
    private Indices() {}

    static String text(List<Integer> devices) {
        return devices.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    /** The indices, ascending, with commas between them, as {@code CUDA_VISIBLE_DEVICES} has them. */
    static String text(DeviceSet devices) {
        StringBuilder text = new StringBuilder();
        for (int i = devices.next(0); i >= 0; i = devices.next(i + 1)) {
            text.append(text.isEmpty() ? "" : ",").append(i);
        }
        return text.toString();
    }
}
