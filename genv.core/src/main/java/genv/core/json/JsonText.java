// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/** Reads JSON as Python's {@code json} module does, and keeps of a number what it was written as. */
final class JsonText {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .streamReadConstraints(StreamReadConstraints.builder() // the file is small, and no number is computed
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    /** What of numbers that JSON does not have Python reads and writes. */
    private static final Set<String> NOT_FINITE = Set.of("NaN", "Infinity", "-Infinity");

    private JsonText() {}

    /**
     * What a text says: maps in the order of their keys, lists, texts, truth values, null, and of numbers a {@link Long} where
     * that is printed alike, otherwise a {@link JsonNumber}.
     *
     * @throws JsonFault if it is not one JSON value
     */
    static Object parse(byte[] text) throws JsonFault {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), decode(text))) {
            Object value = parser.nextToken() == null ? null : value(parser);
            if (value == null) {
                throw new JsonFault("the file says nothing", "");
            }
            if (parser.nextToken() != null) {
                throw new JsonFault("more follows after the end", place(parser.currentTokenLocation()));
            }
            return value;
        } catch (JacksonException wrong) {
            TokenStreamLocation at = wrong.getLocation();
            String reason = wrong.getOriginalMessage().lines().findFirst().orElse("no reason");
            int advice = reason.indexOf(": was expecting"); // of which there is more than anybody reads
            throw new JsonFault(advice < 0 ? reason : reason.substring(0, advice), at == null ? "" : place(at));
        }
    }

    private static String place(TokenStreamLocation at) {
        return "line=" + at.getLineNr() + " column=" + at.getColumnNr();
    }

    /** Python reads and writes UTF-8; the parser would guess other encodings and let overlong forms pass. */
    private static String decode(byte[] text) throws JsonFault {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (CharacterCodingException notText) {
            throw new JsonFault("the file is not text in UTF-8", "");
        }
    }

    /** The value whose first token has been read. The parser limits how deep it nests. */
    private static @Nullable Object value(JsonParser parser) throws JsonFault {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> list(parser);
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null, default -> throw new JsonFault("a value is missing", place(parser.currentTokenLocation()));
        };
    }

    /** A key that is there twice is an error: of the two values one would be lost, whatever it has given out. */
    private static Map<String, @Nullable Object> object(JsonParser parser) throws JsonFault {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = Objects.requireNonNull(parser.currentName());
            if (object.containsKey(key)) {
                throw new JsonFault(
                        "a key is there twice in one object",
                        place(parser.currentTokenLocation()) + " key=" + JsonTree.shortened(key));
            }
            parser.nextToken();
            object.put(key, value(parser));
        }
        return object;
    }

    private static List<@Nullable Object> list(JsonParser parser) throws JsonFault {
        List<@Nullable Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            list.add(value(parser));
        }
        return list;
    }

    private static Object number(JsonParser parser) throws JsonFault {
        String text = parser.getString();
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            try {
                long number = Long.parseLong(text);
                if (Long.toString(number).equals(text)) {
                    return number;
                }
            } catch (NumberFormatException larger) {
                return new JsonNumber(text);
            }
        } else if (parser.isNaN() && !NOT_FINITE.contains(text)) {
            throw new JsonFault("a number is none", place(parser.currentTokenLocation()) + " value=" + text);
        }
        return new JsonNumber(text);
    }
}
