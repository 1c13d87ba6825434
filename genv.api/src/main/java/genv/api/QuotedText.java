// SPDX-License-Identifier: Apache-2.0
package genv.api;

/**
 * Shows a text that a caller gave in an error message: quoted, shortened, and with everything but printable ASCII
 * escaped, so that neither a terminal nor a log is at the mercy of it.
 */
final class QuotedText {
    private static final int SHOWN = 40;

    private QuotedText() {}

    static String of(String text) {
        int shown = Math.min(text.length(), SHOWN);
        StringBuilder out = new StringBuilder(shown + 32).append('"');
        for (int i = 0; i < shown; i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c >= ' ' && c <= '~') {
                out.append(c);
            } else {
                out.append(String.format("\\u%04x", (int) c));
            }
        }
        out.append('"');
        if (shown < text.length()) {
            out.append("... (").append(text.length()).append(" characters)");
        }
        return out.toString();
    }
}
