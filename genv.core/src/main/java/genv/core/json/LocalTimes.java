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

    /**
     * The host's, as far as it is known: an application that sets another default zone later means its own output, and the same
     * text has to stay the same instant while this process runs.
     */
    private static final ZoneId ZONE = ZoneId.systemDefault();

    private LocalTimes() {}

    /** Milliseconds since 1970 in that form. */
    static String print(long millis) {
        return FORMAT.format(Instant.ofEpochMilli(millis).atZone(ZONE));
    }

    static long parse(String text, String where) throws JsonFault {
        try {
            return ZonedDateTime.of(LocalDateTime.parse(text, FORMAT), ZONE)
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
