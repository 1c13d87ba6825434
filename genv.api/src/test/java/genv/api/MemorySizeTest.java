// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemorySizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "007, 7",
        "1500, 1500",
        "1500b, 1500",
        "1.0, 1",
        "1.0b, 1",
        "1k, 1000",
        "1.5k, 1500",
        "4m, 4000000",
        "4g, 4000000000",
        "1.5g, 1500000000",
        "2t, 2000000000000",
        "1ki, 1024",
        "1.5ki, 1536",
        "512mi, 536870912",
        "4gi, 4294967296",
        "1ti, 1099511627776",
        "15258mi, 15999172608",
        "9223372036854775807, 9223372036854775807",
        "9223372036854775807b, 9223372036854775807",
        "9223372.036854775807t, 9223372036854775807",
        "0.0000000000000000000000000000000000000000000000000000000000001t, 0",
    })
    void shouldReadSizeWhenTextIsOne(String text, long bytes) {
        assertThat(MemorySize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0.1gi, 107374182", "0.0009k, 0", "0.0019k, 1", "0.3333333333gi, 357913941"})
    void shouldRoundDownWhenUnitDoesNotGiveWholeBytes(String text, long bytes) {
        assertThat(MemorySize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "g",
                "-1g",
                "+1g",
                "-0",
                ".5g",
                "5.g",
                "5.",
                "1.5",
                "1.5b",
                "1..5g",
                "1.5.5g",
                "1,5g",
                "1_000",
                "4GB",
                "4gb",
                "4G",
                "4Gi",
                "4GI",
                "4B",
                "4gib",
                "4kb",
                "4p",
                "4ki ",
                " 4ki",
                "4 ki",
                "4g\n",
                "\t4g",
                "4g\0",
                "\0",
                "4\0g",
                "1e3",
                "1e999999",
                "1E9",
                "0x10",
                "NaN",
                "Infinity",
                "\uff14\uff27",
                "\uff14g",
                "4\uff47",
                "\u0664g",
                "\u0664",
                "\u06f4g",
                "4\u212ai",
                "9223372036854775808",
                "9223372036854775808b",
                "9223372036854776k",
                "9223372.036854775808t",
                "8388608ti",
                "99999999999999999999999999999999999999999999999t",
            })
    void shouldRefuseTextWhenItIsNoSize(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse(text))
                .withMessageContaining("powers of 1024")
                .satisfies(e -> assertThat(e.getMessage()).matches("[ -~]+"));
    }

    @Test
    void shouldNameUnitAndCaseWhenUnitIsUpperCase() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse("4G"))
                .withMessageStartingWith("memory unit is not in lower case: size=\"4G\", unit=\"G\"; ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse("4GB"))
                .withMessageStartingWith("unknown memory unit: size=\"4GB\", unit=\"GB\"; ");
    }

    @Test
    void shouldSayNegativeWhenTextHasMinus() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse("-1g"))
                .withMessageStartingWith("negative memory size: size=\"-1g\"; ");
    }

    @Test
    void shouldShortenTextWhenItIsVeryLong() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse("9".repeat(10_000_000)))
                .withMessageStartingWith(
                        "memory size is too long: size=\"" + "9".repeat(40) + "\"... (10000000 characters)")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400));
    }

    @Test
    void shouldRefuseNullWhenParsing() {
        assertThatNullPointerException().isThrownBy(() -> MemorySize.parse(Nulls.nothing()));
    }

    @Test
    void shouldRefuseBytesWhenNegative() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.ofBytes(-1))
                .withMessageContaining("bytes=-1");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "999, 999",
        "1000, 1k",
        "1024, 1ki",
        "1500, 1500",
        "4000000000, 4g",
        "4294967296, 4gi",
        "1500000000, 1500m",
        "15999172608, 15258mi",
        "9875000000, 9875m",
        "9223372036854775807, 9223372036854775807",
        "9223372036854775000, 9223372036854775k",
    })
    void shouldShowShortestExactTextWhenPrinted(long bytes, String text) {
        assertThat(MemorySize.ofBytes(bytes)).hasToString(text);
    }

    @Test
    void shouldReadBackSameBytesWhenPrinted() {
        long seed = 20261122;
        Random random = new Random(seed);
        for (int i = 0; i < 100_000; i++) {
            long bytes = random.nextLong() >>> (1 + random.nextInt(63));
            long rounded = bytes >>> 10 << 10;
            assertThat(MemorySize.parse(MemorySize.ofBytes(bytes).toString()).bytes())
                    .isEqualTo(bytes);
            assertThat(MemorySize.parse(MemorySize.ofBytes(rounded).toString()).bytes())
                    .isEqualTo(rounded);
        }
    }

    @Test
    void shouldBeEqualWhenBytesAre() {
        assertThat(MemorySize.parse("1k"))
                .isEqualTo(MemorySize.ofBytes(1000))
                .hasSameHashCodeAs(MemorySize.parse("1000b"))
                .isNotEqualTo(MemorySize.parse("1ki"))
                .isLessThan(MemorySize.parse("1ki"));
    }
}
