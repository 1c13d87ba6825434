// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * A named step of the protocol at which a test can stop a process.
 *
 * <p>With the system property {@code genv.crashpoint} set to a name, the thread that reaches that step prints
 * {@code crash point NAME} and stays there until its process is killed; {@code NAME:3} stops at the third time. Where the
 * property is absent when this class is initialised, a step costs nothing, for good: the constant folds away. Where it is
 * there, even empty, a test can set it to another name later, after the preparations that pass the same steps.
 */
public enum CrashPoint {
    /** A token was drawn, its byte in {@code genv.live} is not locked yet. */
    TOKEN_DRAWN,
    /** The seat is taken. */
    SEAT_TAKEN,
    /** The current record was copied into private memory. */
    COPIED,
    /** The copy was edited. */
    EDITED,
    /** A record was claimed, nothing is in it yet. */
    RECORD_CLAIMED,
    /** A cell was claimed, nothing is in it yet. */
    CELL_CLAIMED,
    /** Cells and record are written, their claims still say owned. */
    WRITTEN,
    /** The claims say live, the root word is still the old one. */
    STAMPED,
    /** The root word is the new one, the replaced cells are not free yet. */
    PUBLISHED,
    /** All is done but waking those who wait. */
    RELEASED,
    /** A dead process was found, nothing is removed yet. */
    REAPING,
    /** A lease that is over was found, its devices are not taken back yet. */
    EXPIRING,
    /** The end of a lease is about to be announced. */
    ANNOUNCING,
    /** A request is in the queue, its thread is about to sleep. */
    QUEUED,
    /** The doorbell was rung, its sleeper not woken yet. */
    RINGING,
    /** The environment is active, no variable is set yet. */
    ACTIVATED,
    /** The variables are set. */
    VARIABLES_SET,
    /** A child was started with the variables, it is no member yet. */
    STARTED,
    /** The environment was left, the variables are not restored yet. */
    LEFT,
    /** JSON: the state is locked, nothing is read yet. */
    STATE_LOCKED,
    /** JSON: the successor of a file was created, nothing is in it yet. */
    FILE_BEGUN,
    /** JSON: the successor of a file is on the disk, the file is still the old one. */
    FILE_WRITTEN,
    /** JSON: a file is the new one; the other may still be the old one. */
    FILE_REPLACED,
    /** JSON: some of the devices' files are locked, or all. */
    DEVICE_LOCKED;

    /** Those that operations on the JSON files pass; the others are of the mapped state or of both. */
    public static final Set<CrashPoint> OF_JSON =
            Set.of(STATE_LOCKED, FILE_BEGUN, FILE_WRITTEN, FILE_REPLACED, DEVICE_LOCKED);

    private static final String PROPERTY = "genv.crashpoint";
    private static final boolean ENABLED = System.getProperty(PROPERTY) != null;

    /** The setting whose passes are counted, and how many are left. */
    private static String counted = "";

    private static int passes;

    /** Stops here if a test asked for it. */
    public void reach() {
        if (ENABLED) {
            stop();
        }
    }

    private void stop() {
        if (!isLastPass(System.getProperty(PROPERTY, ""))) {
            return;
        }
        System.out.println("crash point " + name());
        System.out.flush();
        while (true) {
            LockSupport.park();
        }
    }

    private boolean isLastPass(String setting) {
        int colon = setting.indexOf(':');
        if (!name().equals(colon < 0 ? setting : setting.substring(0, colon))) {
            return false;
        }
        synchronized (CrashPoint.class) {
            if (!setting.equals(System.getProperty(PROPERTY))) {
                return false;
            }
            if (!setting.equals(counted)) {
                counted = setting;
                passes = colon < 0 ? 1 : Integer.parseInt(setting, colon + 1, setting.length(), 10);
            }
            if (--passes != 0) {
                return false;
            }
            counted = "";
            System.setProperty(PROPERTY, ""); // one thread stops, the others go on
            return true;
        }
    }
}
