// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

/** The rules for the values that a backend reports. Each method returns its argument or throws. */
final class Checks {
    private Checks() {}

    static long notNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(
                    "negative value from a device: " + name + "=" + value + "; leave out what is not known");
        }
        return value;
    }

    static int percent(String name, int value) {
        if (value < 0 || value > 100) {
            throw new IllegalArgumentException("value from a device is no percentage: " + name + "=" + value
                    + "; give one from 0 to 100, or leave it out");
        }
        return value;
    }

    static String notBlank(String name, String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("blank " + name + " of a device; leave out what is not known");
        }
        return value;
    }

    /** An entry of the list in a visibility variable. */
    static String listEntry(String name, String value) {
        if (value.indexOf(',') >= 0 || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    name + " of a device has a comma or a NUL; give one entry of the visibility variable's list");
        }
        return notBlank(name, value);
    }
}
