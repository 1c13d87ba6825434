// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints JSON as Python's {@code json} module does with an indentation of 2: the keys in their order, a blank after the colon, no
 * blank in an empty list, everything but printable ASCII escaped, no line end at the end. For one value.
 */
final class JsonPrinter {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder out = new StringBuilder();
    private int depth;

    private JsonPrinter() {}

    /** The text of what {@link JsonText#parse} gives, or of parts of it. */
    static byte[] print(Map<String, @Nullable Object> value) {
        JsonPrinter printer = new JsonPrinter();
        printer.value(value);
        return printer.out.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void value(@Nullable Object value) {
        switch (value) {
            case Map<?, ?> map -> object(map);
            case List<?> list -> list(list);
            case String text -> text(text);
            case null -> out.append("null");
            case JsonNumber number -> out.append(number.text());
            case Integer number -> out.append(number.intValue());
            case Long number -> out.append(number.longValue());
            case Boolean truth -> out.append(truth.booleanValue());
            default -> throw new IllegalStateException("this is printed as no JSON: " + value.getClass());
        }
    }

    private void object(Map<?, ?> map) {
        begin('{', map.entrySet());
        boolean first = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            next(first);
            text(String.valueOf(entry.getKey()));
            out.append(": ");
            value(entry.getValue());
            first = false;
        }
        end('}', map.entrySet());
    }

    private void list(List<?> list) {
        begin('[', list);
        boolean first = true;
        for (Object element : list) {
            next(first);
            value(element);
            first = false;
        }
        end(']', list);
    }

    private void begin(char bracket, Collection<?> elements) {
        out.append(bracket);
        depth += elements.isEmpty() ? 0 : 1;
    }

    private void next(boolean first) {
        out.append(first ? "" : ",");
        line();
    }

    private void end(char bracket, Collection<?> elements) {
        if (!elements.isEmpty()) {
            depth--;
            line();
        }
        out.append(bracket);
    }

    private void line() {
        out.append('\n').repeat("  ", depth);
    }

    private void text(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c >= ' ' && c <= '~') {
                        out.append(c);
                    } else {
                        escape(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private void escape(char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(HEX.charAt(c >> shift & 0xf));
        }
    }
}
