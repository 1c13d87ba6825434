// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.Objects;

/**
 * The rule for environment names: free text, but such that an environment variable and a line of a file can hold it.
 */
final class EnvNames {
    static final int MAX_LENGTH = 128;

    private EnvNames() {}

    /** Returns the name, or throws IllegalArgumentException (NullPointerException for null). */
    static String check(String name) {
        Objects.requireNonNull(name, "name");
        if (name.isEmpty()) {
            throw new IllegalArgumentException("empty environment name; leave it out for an environment without one");
        }
        if (name.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("environment name is too long: name=" + QuotedText.of(name) + ", length="
                    + name.length() + ", limit=" + MAX_LENGTH + "; shorten it");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c)) {
                throw refused("environment name has a control character", name, i);
            }
            if (Character.isHighSurrogate(c) && i + 1 < name.length() && Character.isLowSurrogate(name.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw refused("environment name has an unpaired surrogate", name, i);
            }
        }
        return name;
    }

    private static IllegalArgumentException refused(String fact, String name, int position) {
        return new IllegalArgumentException(
                fact + ": name=" + QuotedText.of(name) + ", position=" + position + "; remove it");
    }
}
