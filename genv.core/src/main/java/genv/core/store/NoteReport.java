// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.draft.Note;
import genv.core.events.FlightEvents;
import genv.core.model.EnvBlock;
import genv.core.model.QueuedRequest;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Tells the operator what published transitions of one state came upon: through the logger {@value #LOGGER}, and to Flight
 * Recorder.
 *
 * <p>The change has happened when this is called, so it does not fail. Thread-safe.
 */
public final class NoteReport implements Consumer<List<Note>> {
    /** The name of the logger: it is the rules that came upon it. */
    static final String LOGGER = "genv.core.rules";

    /** What was told once is not told again; should there be so many, it may be. */
    private static final int REMEMBERED = 1000;

    private final Path path;
    private final Set<Object> told = ConcurrentHashMap.newKeySet();

    /** {@code path}: the state, for messages. */
    public NoteReport(Path path) {
        this.path = path;
    }

    @Override
    public void accept(List<Note> notes) {
        for (Note note : notes) {
            try {
                tell(note);
            } catch (RuntimeException | Error failing) {
                // of a logger that the application brought: what was done stays done, and whoever asked for it is to
                // have it
            }
        }
    }

    private void tell(Note note) {
        switch (note) {
            case Note.Reaped reaped -> reaped(reaped);
            case Note.PassedOver(QueuedRequest request) -> {
                if (isNew(request.ticket())) {
                    passedOver(request);
                }
            }
            case Note.Renumbered renumbered -> {
                if (isNew(renumbered)) {
                    log(
                            Level.WARNING,
                            "devices are not given out, since environments have them under an index that is another"
                                    + " device's by now: indices=" + renumbered.devices()
                                    + "; the host was renumbered: end the environments that have them");
                }
            }
        }
    }

    private void reaped(Note.Reaped reaped) {
        EnvBlock.Owner owner = reaped.owner();
        String user = owner == null ? "" : owner.username();
        String pids = reaped.pids().toString();
        FlightEvents.reaped(
                reaped.what().name(), reaped.eid(), user, pids.substring(1, pids.length() - 1), reaped.freed());
        String what = switch (reaped.what()) {
            case ENVIRONMENT -> "an environment whose processes are dead was ended";
            case MEMBERS -> "dead processes were taken out of an environment";
            case LEASE -> "the devices of a lease that is over were taken back";
            case LOCK -> "the device lock of a dead process was released";
            case REQUEST -> "the request of a dead process was taken out of the queue";
        };
        log(
                Level.INFO,
                what + ": eid=" + reaped.eid() + (owner == null ? "" : " user=" + user + " uid=" + owner.uid())
                        + " pids=" + pids
                        + (reaped.freed().isEmpty() ? "" : " freed=" + reaped.freed()));
    }

    private void passedOver(QueuedRequest request) {
        FlightEvents.overdue(request);
        log(
                Level.WARNING,
                "a request is passed over, since it could be served and is not taken up: eid=" + request.eid() + " pid="
                        + request.pid() + " waits_for=" + request.kind() + " devices=" + request.devices() + " waited="
                        + Math.max(0, System.currentTimeMillis() - request.since()) / 1000
                        + "s; its process seems to be stopped: let it go on, or end it");
    }

    private boolean isNew(Object note) {
        if (told.size() >= REMEMBERED) {
            told.clear();
        }
        return told.add(note);
    }

    /** The logger is looked up here, since the first one costs a program some milliseconds that has none yet. */
    private void log(Level level, String message) {
        System.getLogger(LOGGER).log(level, "{0} state={1}", message, path);
    }
}
