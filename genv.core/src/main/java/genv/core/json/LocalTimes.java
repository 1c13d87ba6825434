// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.util.Locale;

/**
 * Times as Genv writes them, {@code 22/11/2026 07:27:05}: local and without a zone.
 *
 * <p>So they are right to a second for who reads them in the zone in which they were written, outside of the hour that summer
 * time repeats, of which the later one is taken.
 */
final class LocalTimes {
    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("dd/MM/uuuu HH:mm:ss", Locale.ROOT).withResolverStyle(ResolverStyle.STRICT);

    private LocalTimes() {}

    /** Milliseconds since 1970 in that form. */
    static String print(long millis) {
        return FORMAT.format(Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault()));
    }

    static long parse(String text, String where) throws JsonFault {
        try {
            return ZonedDateTime.of(LocalDateTime.parse(text, FORMAT), ZoneId.systemDefault())
                    .withLaterOffsetAtOverlap()
                    .toInstant()
                    .toEpochMilli();
        } catch (DateTimeParseException notATime) {
            throw new JsonFault(
                    "something else stands where a time such as 22/11/2026 07:27:05 is expected",
                    "at=" + where + " value=" + text);
        }
    }
}
