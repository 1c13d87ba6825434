// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

/** A file does not say what a file of the state says. */
final class JsonFault extends Exception {
    private static final long serialVersionUID = 1L;

    private final String place;

    /** {@code place}: where in the file, as {@code name=value} pairs, or nothing. */
    JsonFault(String fact, String place) {
        super(fact);
        this.place = place;
    }

    String fact() {
        return String.valueOf(getMessage());
    }

    String place() {
        return place;
    }
}
