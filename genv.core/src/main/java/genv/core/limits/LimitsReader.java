// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import genv.api.StateException;
import genv.core.os.ErrnoException;
import genv.core.rules.Limits;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.jr.ob.JSON;

/**
 * Reads the text of a limits file, strictly: whatever is not understood is an error that says where it stands and what would be
 * right. For one text.
 */
final class LimitsReader {
    private static final System.Logger LOG = System.getLogger("genv.core.limits");

    private static final String USERS = "users";
    /** No name: who writes one means a number. */
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+");

    private static final Pattern UID = Pattern.compile("[0-9]{1,10}");
    private static final long LAST_UID = 0xffff_fffeL;
    private static final int SHOWN = 60;

    private final String file;
    private final JsonParser parser;
    private final UserIds ids;
    private final Set<String> told;
    private final Set<String> unknown = new HashSet<>();

    private LimitsReader(String file, JsonParser parser, UserIds ids, Set<String> told) {
        this.file = file;
        this.parser = parser;
        this.ids = ids;
        this.told = told;
    }

    /** Where the ids of users are found. */
    @FunctionalInterface
    interface UserIds {
        /** The id of the user of a name; empty where there is none. */
        OptionalInt of(String name) throws ErrnoException;
    }

    /**
     * What a file says.
     *
     * @param unknown the names in it that no user of this host has
     */
    record Content(Limits.OfUsers limits, Set<String> unknown) {
        static final Content NONE = new Content(Limits.OfUsers.none(), Set.of());
    }

    /**
     * Reads a file.
     *
     * @param file its path, for messages
     * @param told the unknown names of which nothing is to be said any more
     * @throws StateException if anything in it is wrong
     */
    static Content read(String file, byte[] content, UserIds ids, Set<String> told) {
        try (JsonParser parser = JSON.std.createParser(content)) {
            LimitsReader reader = new LimitsReader(file, parser, ids, told);
            try {
                return new Content(reader.read(), Set.copyOf(reader.unknown));
            } catch (JacksonException broken) {
                throw malformed(file, broken, reader.reached(broken.getLocation()));
            }
        } catch (JacksonException unreadable) { // before anything of it was read
            throw malformed(file, unreadable, new Place(1, 1));
        }
    }

    private static StateException malformed(String file, JacksonException broken, Place place) {
        return new StateException(
                "the limits file is not well-formed JSON: file=" + file + " line=" + place.line() + " column="
                        + place.column() + " reason=" + shortened(String.valueOf(broken.getOriginalMessage())) + hint(),
                broken);
    }

    /** Limits as they are written: a key that is absent is absent, one that is null has -1. */
    private static final class Written extends EnumMap<LimitKey, Long> {
        private static final long serialVersionUID = 1L;

        Written() {
            super(LimitKey.class);
        }

        Limits toLimits(String file) {
            return new Limits(
                    file,
                    (int) of(LimitKey.USER_DEVICES),
                    of(LimitKey.USER_MEMORY),
                    (int) of(LimitKey.ENVIRONMENT_DEVICES),
                    of(LimitKey.ENVIRONMENT_MEMORY),
                    of(LimitKey.LONGEST_WAIT),
                    of(LimitKey.LONGEST_LEASE),
                    of(LimitKey.DEFAULT_LEASE));
        }

        long of(LimitKey key) {
            return getOrDefault(key, -1L);
        }
    }

    private record Of(Limits everybody, Map<Long, Limits> users) implements Limits.OfUsers {
        @Override
        public Limits apply(long uid) {
            return users.getOrDefault(uid & 0xffff_ffffL, everybody);
        }
    }

    /** Where something stands, to be told should it turn out to be wrong. */
    private record Place(int line, int column) {}

    private Limits.OfUsers read() {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw wrong(here(), "the limits file is no JSON object", "allowed={ ... }");
        }
        Place start = here();
        Written everybody = new Written();
        Map<Long, Written> users = new HashMap<>();
        Map<Long, Place> places = new HashMap<>();
        Set<String> seen = new HashSet<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = unseen(seen);
            if (key.equals(USERS)) {
                readUsers(users, places);
            } else {
                readLimit(key, everybody, USERS + ", ");
            }
        }
        if (parser.nextToken() != null) {
            throw wrong(here(), "something follows the end of the limits", "allowed=nothing");
        }
        checkLeases(everybody, start);
        Map<Long, Limits> merged = new HashMap<>();
        users.forEach((uid, written) -> {
            Written all = new Written();
            all.putAll(everybody);
            all.putAll(written);
            checkLeases(all, places.getOrDefault(uid, start));
            merged.put(uid, all.toLimits(file));
        });
        return new Of(everybody.toLimits(file), Map.copyOf(merged));
    }

    private void readUsers(Map<Long, Written> users, Map<Long, Place> places) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw wrong(here(), "bad value", "key=" + USERS + " value=" + value() + " allowed={ \"user\": { ... } }");
        }
        Set<String> seen = new HashSet<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            Place place = here();
            String user = unseen(seen);
            Written written = new Written();
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(here(), "bad value", "key=" + quoted(user) + " value=" + value() + " allowed={ ... }");
            }
            Set<String> keys = new HashSet<>();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                readLimit(unseen(keys), written, "");
            }
            Long uid = userId(user, place);
            if (uid != null) {
                if (users.put(uid, written) != null) {
                    throw wrong(place, "a user is named twice", "user=" + quoted(user) + " uid=" + uid);
                }
                places.put(uid, place);
            }
        }
    }

    /** Null for a name that nobody has: then nobody is meant. */
    private @Nullable Long userId(String user, Place place) {
        if (NUMBER.matcher(user).matches()) {
            long uid = UID.matcher(user).matches() ? Long.parseLong(user) : -1;
            if (uid < 0 || uid > LAST_UID) {
                throw wrong(
                        place,
                        "bad user",
                        "user=" + quoted(user) + " allowed=a user's name, or its number, 0 to " + LAST_UID);
            }
            return uid;
        }
        if (user.isEmpty()
                || user.chars().anyMatch(Character::isISOControl)) { // one with a NUL would name somebody else
            throw wrong(place, "bad user", "user=" + quoted(user) + " allowed=a user's name, or its number");
        }
        try {
            OptionalInt uid = ids.of(user);
            if (uid.isPresent()) {
                return Integer.toUnsignedLong(uid.getAsInt());
            }
        } catch (ErrnoException failed) {
            throw new StateException(
                    "a user of the limits file could not be looked up: file=" + file + " line=" + place.line()
                            + " column=" + place.column() + " user=" + quoted(user) + " reason=" + failed.getMessage()
                            + "; name users by their numbers where the user database is not reliable",
                    failed);
        }
        if (unknown.add(user) && !told.contains(user)) {
            warnOfUnknown(user, place);
        }
        return null;
    }

    private void warnOfUnknown(String user, Place place) {
        LOG.log(
                System.Logger.Level.WARNING,
                "the limits file names a user that this host does not have: file=" + file + " line=" + place.line()
                        + " user=" + quoted(user) + "; what it says of that user is passed over");
    }

    private void readLimit(String name, Written written, String more) {
        LimitKey key = LimitKey.of(name)
                .orElseThrow(() ->
                        wrong(here(), "unknown key", "key=" + quoted(name) + " allowed=" + more + LimitKey.all()));
        JsonToken token = parser.nextToken();
        long value;
        if (token == JsonToken.VALUE_NULL) {
            value = -1;
        } else if (token == JsonToken.VALUE_STRING) {
            value = key.value(parser.getString()).orElseThrow(() -> badValue(key));
        } else if (token == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() == JsonParser.NumberType.INT) {
            value = key.number(parser.getIntValue()).orElseThrow(() -> badValue(key));
        } else {
            throw badValue(key);
        }
        written.put(key, value);
    }

    private void checkLeases(Written written, Place place) {
        long longest = written.of(LimitKey.LONGEST_LEASE);
        long usual = written.of(LimitKey.DEFAULT_LEASE);
        if (longest >= 0 && usual > longest) {
            throw wrong(
                    place,
                    "the default lease is longer than the longest",
                    LimitKey.DEFAULT_LEASE.text() + "=" + usual / 1000 + "s " + LimitKey.LONGEST_LEASE.text() + "="
                            + longest / 1000 + "s allowed=at most the longest");
        }
    }

    private String unseen(Set<String> seen) {
        String key = parser.currentName();
        if (!seen.add(key)) {
            throw wrong(here(), "a key stands twice", "key=" + quoted(key) + " allowed=once");
        }
        return key;
    }

    private StateException badValue(LimitKey key) {
        return wrong(here(), "bad value", "key=" + key.text() + " value=" + value() + " allowed=" + key.allowed());
    }

    private StateException wrong(Place place, String fact, String values) {
        return new StateException(fact + " in the limits file: file=" + file + " line=" + place.line() + " column="
                + place.column() + " " + values + hint());
    }

    private static String hint() {
        return "; until the file is mended nothing is given out: have its owner correct it, or remove it";
    }

    /** Where reading failed; what is too long has no place of its own. */
    private Place reached(@Nullable TokenStreamLocation known) {
        TokenStreamLocation at = known == null ? parser.currentLocation() : known;
        return new Place(at.getLineNr(), at.getColumnNr());
    }

    private Place here() {
        TokenStreamLocation at = parser.currentTokenLocation();
        return new Place(at.getLineNr(), at.getColumnNr());
    }

    /** The value at which the parser stands, for messages. */
    private String value() {
        JsonToken token = parser.currentToken();
        if (token == null) {
            return "nothing";
        }
        return switch (token) {
            case START_OBJECT -> "{ ... }";
            case START_ARRAY -> "[ ... ]";
            case VALUE_STRING -> quoted(parser.getString());
            default -> shortened(String.valueOf(parser.getString()));
        };
    }

    private static String quoted(String text) {
        return '"' + shortened(text) + '"';
    }

    private static String shortened(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", "?");
        return clean.length() <= SHOWN ? clean : clean.substring(0, SHOWN) + "…";
    }
}
