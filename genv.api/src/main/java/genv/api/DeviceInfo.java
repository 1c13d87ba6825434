// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A device in a {@link Snapshot}, with who holds it and who waits for it. Immutable.
 *
 * @param index its index on the host, from 0 in PCI order
 * @param uuid the identifier that its maker gave it; absent where no backend says
 * @param name the name of its model; absent where no backend says
 * @param totalMemory its whole memory; absent where no backend says
 * @param attachments the environments that it is attached to, in the order in which they came; none for a free device
 * @param lockHolders who holds a lock on it
 * @param waiters who waits for it or for a lock on it, in the order in which they will be served: of the requests in
 *     {@link Snapshot#waiters}
 */
public record DeviceInfo(
        int index,
        Optional<String> uuid,
        Optional<String> name,
        Optional<MemorySize> totalMemory,
        List<Attachment> attachments,
        List<LockHolder> lockHolders,
        List<Waiter> waiters) {
    /** Copies the lists. */
    public DeviceInfo {
        Objects.requireNonNull(uuid, "uuid");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(totalMemory, "totalMemory");
        attachments = List.copyOf(attachments);
        lockHolders = List.copyOf(lockHolders);
        waiters = List.copyOf(waiters);
    }

    /**
     * An environment that has the device.
     *
     * @param eid the identifier of the environment
     * @param gpuMemory the share of memory reserved for it; absent means the whole device
     * @param since when it was attached, by the host's clock
     */
    public record Attachment(String eid, Optional<MemorySize> gpuMemory, Instant since) {
        /** Refuses null. */
        public Attachment {
            Objects.requireNonNull(eid, "eid");
            Objects.requireNonNull(gpuMemory, "gpuMemory");
            Objects.requireNonNull(since, "since");
        }
    }

    /**
     * A process that holds a lock on the device.
     *
     * @param eid the identifier of the environment that it holds it in
     * @param pid the process
     * @param mode how it holds it
     * @param share the memory it holds under {@link LockMode#SHARE}; absent means the whole device
     * @param since when it took the lock, by the host's clock
     */
    public record LockHolder(String eid, long pid, LockMode mode, Optional<MemorySize> share, Instant since) {
        /** Refuses null. */
        public LockHolder {
            Objects.requireNonNull(eid, "eid");
            Objects.requireNonNull(mode, "mode");
            Objects.requireNonNull(share, "share");
            Objects.requireNonNull(since, "since");
        }
    }

    /**
     * A request that waits for the device.
     *
     * @param eid the identifier of the environment that it is made for
     * @param pid the process that waits
     * @param waitsFor what it waits for
     * @param since when it began to wait, by the host's clock
     * @param position its place in the queue of this device; 0 is next
     */
    public record Waiter(String eid, long pid, Wait waitsFor, Instant since, int position) {
        /** Refuses null. */
        public Waiter {
            Objects.requireNonNull(eid, "eid");
            Objects.requireNonNull(waitsFor, "waitsFor");
            Objects.requireNonNull(since, "since");
        }
    }

    /** What a {@link Waiter} waits for. */
    public enum Wait {
        /** For the device to be attached. */
        DEVICES,
        /** For a lock under {@link LockMode#EXCLUSIVE}. */
        EXCLUSIVE_LOCK,
        /** For a lock under {@link LockMode#SHARE}. */
        SHARED_LOCK
    }
}
