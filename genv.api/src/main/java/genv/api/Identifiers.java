// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.Objects;

/**
 * The rules for identifiers of environments and backends: they appear in variables, file names, logs and command lines,
 * so they consist of characters that mean the same in all of these.
 */
final class Identifiers {
    static final int MAX_LENGTH = 128;

    private Identifiers() {}

    /** Returns the identifier, or throws IllegalArgumentException (NullPointerException for null). */
    static String check(String eid) {
        Objects.requireNonNull(eid, "eid");
        if (eid.isEmpty()) {
            throw new IllegalArgumentException("empty environment identifier; leave it out to have one chosen");
        }
        if (eid.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("environment identifier is too long: eid=" + QuotedText.of(eid)
                    + ", length=" + eid.length() + ", limit=" + MAX_LENGTH + "; shorten it");
        }
        for (int i = 0; i < eid.length(); i++) {
            char c = eid.charAt(i);
            if (!isAlphanumeric(c) && (i == 0 || "._:@+-".indexOf(c) < 0)) {
                throw new IllegalArgumentException("environment identifier has a character that is not allowed: eid="
                        + QuotedText.of(eid) + ", position=" + i
                        + "; begin with an ASCII letter or digit and go on with those and . _ : @ + -");
            }
        }
        return eid;
    }

    /** Returns the identifier of a backend, or throws IllegalArgumentException (NullPointerException for null). */
    static String checkBackend(String id) {
        Objects.requireNonNull(id, "id");
        boolean allowed = !id.isEmpty() && id.length() <= MAX_LENGTH;
        for (int i = 0; allowed && i < id.length(); i++) {
            char c = id.charAt(i);
            allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        }
        if (!allowed) {
            throw new IllegalArgumentException("not the identifier of a backend: id=" + QuotedText.of(id)
                    + "; give 1 to " + MAX_LENGTH + " lower-case ASCII letters, digits and -");
        }
        return id;
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
