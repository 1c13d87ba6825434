// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.spi.Device;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which devices a visibility variable such as {@code CUDA_VISIBLE_DEVICES} leaves to this process.
 *
 * <p>A scheduler (Slurm, HTCondor, a container runtime) sets the variable for the processes that it starts, and what it
 * leaves out belongs to somebody else. {@link #parse} reads the value as CUDA does.
 */
public sealed interface VisibleDevices {
    /** Returns the absence of any restriction. */
    static VisibleDevices all() {
        return All.INSTANCE;
    }

    /**
     * Reads the value of a visibility variable.
     *
     * <p>The rules are those of the CUDA Programming Guide, section "CUDA Environment Variables"
     * (docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html):
     *
     * <ul>
     *   <li>Not set: all devices. The empty string: none.
     *   <li>Entries are separated by commas. Each is an index as {@code nvidia-smi} counts them, a UUID, or the
     *       beginning of a UUID that fits one device only; MIG instances are named by UUID or by
     *       {@code MIG-GPU-<uuid>/<gpu instance>/<compute instance>}.
     *   <li>The first entry that names no device, such as {@code -1}, ends the list; the entries before it count.
     * </ul>
     *
     * <p>The guide is silent about the following. A device that is named twice makes CUDA show none; PyTorch's own
     * reading of the variable ({@code torch.cuda.device_count}) does the same. White space around an entry is ignored,
     * as {@code strtol} does. An index followed by other characters names no device. The UUID of a device that is
     * divided into MIG instances stands for all of its instances. An index names no device if the device list has a MIG
     * instance at or before that index, because from there on the list and {@code nvidia-smi} count differently.
     *
     * @param variable the name of the variable, for messages
     * @param text its value; empty where it is not set
     * @param devices all devices of the backend
     */
    static VisibleDevices parse(String variable, Optional<String> text, List<Device> devices) {
        return text.isEmpty() ? all() : new VisibilityParser(variable, text.get(), devices).parse();
    }

    /** Says whether the process may use the device of this index. */
    boolean contains(int index);

    /** No restriction. */
    enum All implements VisibleDevices {
        /** The only one. */
        INSTANCE;

        @Override
        public boolean contains(int index) {
            return true;
        }

        @Override
        public String toString() {
            return "all";
        }
    }

    /**
     * Some devices only, perhaps none.
     *
     * @param variable the variable that restricts them
     * @param text its value
     * @param indices the devices that may be used, in ascending order
     * @param stop why the list ended before its last entry, or why it shows nothing; empty where all of it counts
     */
    record Only(String variable, String text, SortedSet<Integer> indices, Optional<String> stop)
            implements VisibleDevices {
        public Only {
            indices = Collections.unmodifiableSortedSet(new TreeSet<>(indices));
        }

        @Override
        public boolean contains(int index) {
            return indices.contains(index);
        }

        /** Returns the restriction as a part of an error message. */
        @Override
        public String toString() {
            return variable + "=" + text + ", visible=" + indices
                    + stop.map(reason -> " (" + reason + ")").orElse("");
        }
    }
}
