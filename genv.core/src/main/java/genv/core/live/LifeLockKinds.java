// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import genv.api.GenvException;
import genv.core.os.OperatingSystem;
import genv.core.os.RecordLocks;
import java.nio.file.Path;

/** Chooses how life locks are held. */
final class LifeLockKinds {
    private static final String PROPERTY = "genv.live.locks";

    private LifeLockKinds() {}

    static LifeLocks open(Path liveFile) {
        Path path = liveFile.toAbsolutePath();
        return switch (kind()) {
            case OFD -> OfdLifeLocks.open(path);
            case CHANNEL -> ChannelLifeLocks.open(path);
        };
    }

    private static LifeLocks.Kind kind() {
        String wanted = System.getProperty(PROPERTY, "");
        return switch (wanted) {
            case "" -> RecordLocks.isSupported() ? LifeLocks.Kind.OFD : LifeLocks.Kind.CHANNEL;
            case "ofd" -> {
                if (!RecordLocks.isSupported()) {
                    throw new GenvException("this system has no OFD locks " + PROPERTY + "=ofd "
                            + OperatingSystem.describe() + ": remove the system property");
                }
                yield LifeLocks.Kind.OFD;
            }
            case "channel" -> LifeLocks.Kind.CHANNEL;
            default ->
                throw new GenvException("unknown kind of life locks " + PROPERTY + "=" + wanted
                        + ": use ofd or channel, or remove the system property");
        };
    }

    static void requireToken(long token) {
        if (token < 1 || token > LifeLocks.MAX_TOKEN) {
            throw new IllegalArgumentException(
                    "not a token token=" + token + " min=1 max=" + LifeLocks.MAX_TOKEN + ": take it from the state");
        }
    }
}
