// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import genv.api.MemorySize;
import genv.core.model.LeaseTime;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What can be limited: the keys of the file, and how their values are written. */
enum LimitKey {
    USER_DEVICES("userDevices", Form.COUNT, 0),
    USER_MEMORY("userMemory", Form.MEMORY, 0),
    ENVIRONMENT_DEVICES("environmentDevices", Form.COUNT, 0),
    ENVIRONMENT_MEMORY("environmentMemory", Form.MEMORY, 0),
    LONGEST_WAIT("longestWait", Form.DURATION, 0),
    LONGEST_LEASE("longestLease", Form.DURATION, 1),
    DEFAULT_LEASE("defaultLease", Form.DURATION, 1);

    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(s|m|h|d)");

    /** How a value is written. */
    enum Form {
        COUNT("a whole number from 0 to 1000000, or null for no limit"),
        MEMORY("a memory size as a text, such as \"80g\" or \"512mi\", or null for no limit"),
        DURATION("a whole number of s, m, h or d as a text, such as \"90s\" or \"8h\", or null for no limit");

        private final String allowed;

        Form(String allowed) {
            this.allowed = allowed;
        }
    }

    private final String text;
    private final Form form;
    private final long least;

    LimitKey(String text, Form form, long least) {
        this.text = text;
        this.form = form;
        this.least = least;
    }

    static Optional<LimitKey> of(String text) {
        return Arrays.stream(values()).filter(key -> key.text.equals(text)).findFirst();
    }

    static String all() {
        return Arrays.stream(values()).map(key -> key.text).collect(Collectors.joining(", "));
    }

    String text() {
        return text;
    }

    String allowed() {
        return form.allowed + (least > 0 ? ", longer than zero" : "");
    }

    boolean isNumber() {
        return form == Form.COUNT;
    }

    /** The value of a number; empty where it is none. */
    Optional<Long> number(long value) {
        return isNumber() && value >= 0 && value <= 1_000_000 ? Optional.of(value) : Optional.empty();
    }

    /** The value of a text, bytes or milliseconds; empty where it is none. */
    Optional<Long> value(String written) {
        Optional<Long> value = switch (form) {
            case COUNT -> Optional.empty();
            case MEMORY -> memory(written);
            case DURATION -> duration(written);
        };
        return value.filter(number -> number >= least);
    }

    private static Optional<Long> memory(String written) {
        try {
            return Optional.of(MemorySize.parse(written).bytes());
        } catch (IllegalArgumentException notUnderstood) {
            return Optional.empty();
        }
    }

    private static Optional<Long> duration(String written) {
        Matcher parts = DURATION.matcher(written);
        if (!parts.matches()) {
            return Optional.empty();
        }
        long unit = switch (parts.group(2)) {
            case "s" -> 1_000L;
            case "m" -> 60_000L;
            case "h" -> 3_600_000L;
            default -> 86_400_000L;
        };
        return Optional.of(Math.min(Long.parseLong(parts.group(1)) * unit, LeaseTime.LONGEST));
    }
}
