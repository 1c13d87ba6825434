// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.List;
import java.util.Locale;

/** Collects the elements of a drawing. */
final class Svg {
    static final int WIDTH = 760;
    static final int HEIGHT = 380;
    static final List<String> COLOURS = List.of("#1f6feb", "#d9822b", "#5a9e48", "#a04fb8", "#7a7a7a");

    private final StringBuilder text = new StringBuilder();

    Svg(String title) {
        text.append("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
            <title>%s</title>
            <rect width="100%%" height="100%%" fill="#ffffff"/>
            """.formatted(WIDTH, HEIGHT, title));
        label(WIDTH / 2.0, 22, "middle", "bold", title);
    }

    private void add(String element) {
        text.append(element).append('\n');
    }

    void line(double x1, double y1, double x2, double y2, String colour, double width) {
        add(String.format(
                Locale.ROOT,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
                x1,
                y1,
                x2,
                y2,
                colour,
                width));
    }

    void bar(double x, double y, double width, double height, String colour, String hint) {
        add(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%s</title></rect>",
                x,
                y,
                width,
                height,
                colour,
                hint));
    }

    void dot(double x, double y, String colour, String hint) {
        add(String.format(
                Locale.ROOT,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%s</title></circle>",
                x,
                y,
                colour,
                hint));
    }

    void label(double x, double y, String anchor, String weight, String label) {
        add(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-weight=\"%s\" fill=\"#222222\">%s</text>",
                x,
                y,
                anchor,
                weight,
                label));
    }

    /** Names the colours, in one row below the title. */
    void legend(List<String> series) {
        double x = 80;
        for (int i = 0; i < series.size(); i++) {
            bar(x, 34, 12, 12, COLOURS.get(i), series.get(i));
            label(x + 17, 44, "start", "normal", series.get(i));
            x += 40 + 7.0 * series.get(i).length();
        }
    }

    String end() {
        return text + "</svg>\n";
    }
}
