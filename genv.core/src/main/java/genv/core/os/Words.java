// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.util.ArrayList;
import java.util.List;

/** The words of a line of {@code /proc}, which has blanks between them, often several. */
final class Words {
    private Words() {}

    /** Without a regular expression, since most programs that read these lines need no other one. */
    static List<String> of(String line) {
        List<String> words = new ArrayList<>();
        int end;
        for (int start = 0; start < line.length(); start = end + 1) {
            end = line.indexOf(' ', start);
            if (end < 0) {
                end = line.length();
            }
            if (end > start) {
                words.add(line.substring(start, end));
            }
        }
        return words;
    }
}
