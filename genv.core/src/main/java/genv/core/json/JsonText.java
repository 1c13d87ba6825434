// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.jr.ob.JSON;

/**
 * JSON as Python's {@code json} module prints it with an indentation of 2: the keys in their order, a blank after the colon, no
 * blank in an empty list, everything beyond ASCII escaped, no line end at the end.
 */
final class JsonText {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
            .build();

    /** A key that is there twice is an error: of the two values one would be lost, whatever it has given out. */
    private static final JSON READER = JSON.builder(FACTORY)
            .enable(JSON.Feature.FAIL_ON_DUPLICATE_MAP_KEYS)
            .enable(JSON.Feature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(JSON.Feature.WRITE_NULL_PROPERTIES)
            .disable(JSON.Feature.USE_DEFERRED_MAPS)
            .build();

    private static final Separators SEPARATORS = Separators.createDefaultInstance()
            .withObjectNameValueSpacing(Separators.Spacing.AFTER)
            .withObjectEntrySpacing(Separators.Spacing.NONE)
            .withArrayElementSpacing(Separators.Spacing.NONE)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator("")
            .withRootSeparator("");

    private static final DefaultIndenter LINES = new DefaultIndenter("  ", "\n");

    private JsonText() {}

    /**
     * What a text says: maps in the order of their keys, lists, texts, numbers, truth values and null.
     *
     * @throws JsonFault if it is not one JSON value
     */
    static Object parse(byte[] text) throws JsonFault {
        try (JsonParser parser = READER.createParser(decode(text))) {
            Object value = READER.anyFrom(parser);
            if (value == null) {
                throw new JsonFault("the file says nothing", "");
            }
            if (parser.nextToken() != null) {
                throw new JsonFault(
                        "more follows after the end",
                        "line=" + parser.currentTokenLocation().getLineNr());
            }
            return value;
        } catch (JacksonException wrong) {
            TokenStreamLocation at = wrong.getLocation();
            String place = at == null ? "" : "line=" + at.getLineNr() + " column=" + at.getColumnNr();
            String reason = wrong.getOriginalMessage().lines().findFirst().orElse("no reason");
            int advice = reason.indexOf(": was expecting"); // of which there is more than anybody reads
            throw new JsonFault(advice < 0 ? reason : reason.substring(0, advice), place);
        }
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

    static byte[] print(Map<String, @Nullable Object> value) {
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter(SEPARATORS).withArrayIndenter(LINES).withObjectIndenter(LINES);
        return READER.with(printer).asString(value).getBytes(StandardCharsets.UTF_8);
    }
}
