// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.StateException;
import genv.core.os.Users;
import genv.core.rules.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsReaderTest {
    private static final String ALL = """
        {
          "userDevices": 4,
          "userMemory": "80g",
          "environmentDevices": 2,
          "environmentMemory": "40gi",
          "longestWait": "90s",
          "longestLease": "2d",
          "defaultLease": "1h",
          "users": {
            "root": { "userDevices": null, "longestLease": null },
            "1234": { "userDevices": 0, "longestWait": "0s" }
          }
        }
        """;

    @Test
    void shouldReadEveryKey() {
        assertThat(read(ALL).apply(1000))
                .isEqualTo(new Limits("/l", 4, 80_000_000_000L, 2, 40L << 30, 90_000, 2 * 86_400_000L, 3_600_000));
    }

    @Test
    void shouldLetAUserHaveMoreOrLess() {
        Limits.OfUsers limits = read(ALL);
        assertThat(limits.apply(0).userDevices()).isEqualTo(-1);
        assertThat(limits.apply(0).longestLease()).isEqualTo(-1);
        assertThat(limits.apply(0).userMemory()).as("as everybody").isEqualTo(80_000_000_000L);
        assertThat(limits.apply(1234).userDevices()).isZero();
        assertThat(limits.apply(1234).longestWait()).isZero();
        assertThat(limits.apply(1234).environmentDevices()).isEqualTo(2);
    }

    @Test
    void shouldLimitNothingThatIsNotNamed() {
        assertThat(read("{}").apply(7)).isEqualTo(new Limits("/l", -1, -1, -1, -1, -1, -1, -1));
        assertThat(read("{ \"users\": {} }").apply(7).userDevices()).isEqualTo(-1);
        assertThat(read("{ \"users\": { \"no such user here\": { \"userDevices\": 1 } } }")
                        .apply(7)
                        .userDevices())
                .as("nobody is meant")
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "{ \"userDevice\": 4 } | line=1 column=3 | unknown key | key=\"userDevice\" allowed=users, userDevices",
                "{\\n \"userDevices\": -1 } | line=2 column=17 | bad value | key=userDevices value=-1 allowed=a whole",
                "{ \"userDevices\": 1.5 } | line=1 column=18 | bad value | value=1.5",
                "{ \"userDevices\": \"4\" } | line=1 column=18 | bad value | value=\"4\"",
                "{ \"userDevices\": 99999999999 } | line=1 column=18 | bad value | value=99999999999",
                "{ \"userDevices\": true } | line=1 column=18 | bad value | value=true",
                "{ \"userDevices\": [1] } | line=1 column=18 | bad value | value=[ ... ]",
                "{ \"userMemory\": 80 } | line=1 column=17 | bad value | allowed=a memory size as a text",
                "{ \"userMemory\": \"80x\" } | line=1 column=17 | bad value | value=\"80x\"",
                "{ \"userMemory\": \"-1g\" } | line=1 column=17 | bad value | value=\"-1g\"",
                "{ \"longestWait\": \"10\" } | line=1 column=18 | bad value | allowed=a whole number of s, m, h or d",
                "{ \"longestWait\": \"PT1H\" } | line=1 column=18 | bad value | value=\"PT1H\"",
                "{ \"longestLease\": \"0s\" } | line=1 column=19 | bad value | longer than zero",
                "{ \"userDevices\": 1,\\n"
                        + "\"userDevices\": 2 } | line=2 column=1 | a key stands twice | key=\"userDevices\"",
                "{ \"users\": [] } | line=1 column=12 | bad value | key=users value=[ ... ]",
                "{ \"users\": { \"root\": 4 } } | line=1 column=22 | bad value | key=\"root\" value=4",
                "{ \"users\": { \"root\": { \"users\": {} } } } | line=1 column=24 | unknown key | key=\"users\"",
                "{ \"users\": { \"root\": {}, \"0\": {} } } | line=1 column=26 | a user is named twice | uid=0",
                "{ \"users\": { \"4294967295\": {} } } | line=1 column=14 | bad user | user=\"4294967295\"",
                "{ \"users\": {\\n \"99999999999\": {} } } | line=2 column=2 | bad user | its number, 0 to 4294967294",
                "{ \"users\": {\\n \"-1\": {} } } | line=2 column=2 | bad user | user=\"-1\"",
                "{ \"users\": {\\n \"+7\": {} } } | line=2 column=2 | bad user | user=\"+7\"",
                "{ \"users\": { \"\": {} } } | line=1 column=14 | bad user | user=\"\"",
                "{ \"users\": { \"root\\u0000x\": {} } } | line=1 column=14 | bad user | user=\"root?x\"",
                "{ \"longestLease\": \"1h\", \"defaultLease\": \"2h\" } | line=1 column=1 | the default lease | 7200s",
                "{ \"longestLease\": \"9h\", \"defaultLease\": \"2h\",\\n"
                    + " \"users\": { \"7\": { \"longestLease\": \"1h\" } } } | line=2 column=13 | the default lease |"
                    + " 7200s",
                "[] | line=1 column=1 | the limits file is no JSON object | allowed={ ... }",
                "{} {} | line=1 column=4 | something follows | allowed=nothing",
                "{ \"userDevices\": 4 | line=1 | not well-formed JSON | reason=",
                "{ \"userDevices\": 4, } | line=1 | not well-formed JSON | reason=",
                "{ userDevices: 4 } | line=1 | not well-formed JSON | reason=",
                "{ \"userDevices\": 04 } | line=1 | not well-formed JSON | reason=",
                "// no comments\\n{} | line=1 | not well-formed JSON | reason=",
            })
    void shouldSayWhereAndWhatIsWrong(String text, String place, String fact, String more) {
        assertThatThrownBy(() -> read(text.replace("\\n", "\n")))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("file=/l")
                .hasMessageContaining(place)
                .hasMessageContaining(fact)
                .hasMessageContaining(more)
                .hasMessageContaining("nothing is given out");
    }

    /** What is longer than the parser takes has no place of its own in what that throws. */
    @ParameterizedTest
    @ValueSource(strings = {"\"userDevices\": %s\n", "\"userDevices\": 1,\"%s\": 1\n"})
    void shouldSayOnWhichLineSomethingIsTooLong(String entry) {
        String text = "{\n \"environmentDevices\": 1,\n " + entry.formatted("9".repeat(100_000)) + "}\n";
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("not well-formed JSON")
                .hasMessageContaining(" line=3 column=")
                .hasMessageContaining("exceeds the maximum");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "4", "\"\"", "\u0000", "{\"a\u0001\": 1}"})
    void shouldRefuseWhatIsNoObject(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(StateException.class).hasMessageContaining("file=/l");
    }

    /** A file that is half-written, wherever it is cut, limits nothing silently. */
    @Test
    void shouldRefuseEveryBeginningOfAFile() {
        String whole = ALL.strip();
        for (int length = 0; length < whole.length(); length++) {
            String cut = whole.substring(0, length);
            assertThatThrownBy(() -> read(cut)).as(cut).isInstanceOf(StateException.class);
        }
    }

    private static Limits.OfUsers read(String text) {
        return LimitsReader.read("/l", text.getBytes(StandardCharsets.UTF_8), Users::userId, Set.of())
                .limits();
    }
}
