// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.DeviceSet;

/** Device indices as text. Events have no lists. */
final class Indices {
    private Indices() {}

    /** The indices, ascending, with commas between them, as {@code CUDA_VISIBLE_DEVICES} has them. */
    static String text(DeviceSet devices) {
        StringBuilder text = new StringBuilder();
        for (int i = devices.next(0); i >= 0; i = devices.next(i + 1)) {
            text.append(text.isEmpty() ? "" : ",").append(i);
        }
        return text.toString();
    }
}
