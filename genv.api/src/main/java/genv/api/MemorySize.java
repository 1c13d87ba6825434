// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An amount of memory in whole bytes, from zero to {@link Long#MAX_VALUE}.
 *
 * <p>Its text form is a number and a unit: {@code 4g}, {@code 512mi}, {@code 1.5t}. Instances are immutable, may be
 * shared between threads, and are equal where their bytes are, whatever text they came from.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class MemorySize implements Comparable<MemorySize> {
    /** Far more than any exact size needs; what is longer is not looked at. */
    private static final int MAX_TEXT = 64;

    private static final String HOW = "write a number and one of b k m g t (powers of 1000) or ki mi gi ti (powers of"
            + " 1024) in lower case, such as 4g or 512mi; without a unit it is bytes";

    /** In the order in which toString prefers them where two texts are equally short. */
    private enum Unit {
        NONE("", 1),
        B("b", 1),
        K("k", 1_000),
        KI("ki", 1L << 10),
        M("m", 1_000_000),
        MI("mi", 1L << 20),
        G("g", 1_000_000_000),
        GI("gi", 1L << 30),
        T("t", 1_000_000_000_000L),
        TI("ti", 1L << 40);

        final String text;
        final long bytes;

        Unit(String text, long bytes) {
            this.text = text;
            this.bytes = bytes;
        }
    }

    private static final Unit[] UNITS = Unit.values();

    private final long bytes;

    private MemorySize(long bytes) {
        this.bytes = bytes;
    }

    /**
     * Returns the size of so many bytes.
     *
     * @param bytes the number of bytes, zero or more
     * @return the size
     * @throws IllegalArgumentException if the number is negative
     */
    public static MemorySize ofBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative memory size: bytes=" + bytes + "; give zero or more");
        }
        return new MemorySize(bytes);
    }

    /**
     * Reads a size from its text form: ASCII digits, optionally a point and more digits, optionally a unit.
     *
     * <table class="striped">
     * <caption>Units</caption>
     * <thead><tr><th scope="col">unit</th><th scope="col">bytes</th></tr></thead>
     * <tbody>
     * <tr><th scope="row">none, {@code b}</th><td>1</td></tr>
     * <tr><th scope="row">{@code k}, {@code m}, {@code g}, {@code t}</th>
     *     <td>1000, 1000<sup>2</sup>, 1000<sup>3</sup>, 1000<sup>4</sup></td></tr>
     * <tr><th scope="row">{@code ki}, {@code mi}, {@code gi}, {@code ti}</th>
     *     <td>1024, 1024<sup>2</sup>, 1024<sup>3</sup>, 1024<sup>4</sup></td></tr>
     * </tbody>
     * </table>
     *
     * <p>Units are lower case only: {@code 4G} and {@code 4GB} are read differently by different programs, so they are
     * refused rather than guessed. There is no sign, no exponent and no white space, neither inside nor around: whoever
     * reads a file strips its line end first. A text has at most 64 characters.
     *
     * <p>The arithmetic is exact. A number of bytes must be whole ({@code 1.5} and {@code 1.5b} are refused). With a
     * larger unit the result is rounded down to a whole byte ({@code 0.1gi} is 107374182 bytes), so that a size is
     * never more than its text says and the fractions of a device add up to no more than the device.
     *
     * @param text the text
     * @return the size
     * @throws IllegalArgumentException if the text is not a size or the size exceeds {@link Long#MAX_VALUE} bytes; the
     *     message names the units
     */
    public static MemorySize parse(String text) {
        Objects.requireNonNull(text, "text");
        int length = text.length();
        if (length == 0) {
            throw new IllegalArgumentException("empty memory size; " + HOW);
        }
        if (length > MAX_TEXT) {
            throw refused("memory size is too long", text, ", limit=" + MAX_TEXT);
        }
        int end = digits(text, 0);
        if (end == 0) {
            String fact = text.charAt(0) == '-' ? "negative memory size" : "memory size does not begin with a digit";
            throw refused(fact, text, "");
        }
        if (end < length && text.charAt(end) == '.') {
            int fraction = end + 1;
            end = digits(text, fraction);
            if (end == fraction) {
                throw refused("memory size has no digit after its point", text, "");
            }
        }
        Unit unit = unit(text, text.substring(end));
        BigDecimal exact = new BigDecimal(text.substring(0, end)).multiply(BigDecimal.valueOf(unit.bytes));
        BigDecimal whole = exact.setScale(0, RoundingMode.DOWN);
        if (unit.bytes == 1 && whole.compareTo(exact) != 0) {
            throw refused("memory size is not a whole number of bytes", text, "");
        }
        if (whole.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw refused("memory size is too large", text, ", limit=" + Long.MAX_VALUE);
        }
        return new MemorySize(whole.longValueExact());
    }

    private static int digits(String text, int from) {
        int i = from;
        while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private static Unit unit(String text, String suffix) {
        for (Unit unit : UNITS) {
            if (unit.text.equals(suffix)) {
                return unit;
            }
        }
        for (Unit unit : UNITS) {
            if (unit.text.equalsIgnoreCase(suffix)) {
                throw refused("memory unit is not in lower case", text, ", unit=" + QuotedText.of(suffix));
            }
        }
        throw refused("unknown memory unit", text, ", unit=" + QuotedText.of(suffix));
    }

    private static IllegalArgumentException refused(String fact, String text, String more) {
        return new IllegalArgumentException(fact + ": size=" + QuotedText.of(text) + more + "; " + HOW);
    }

    /** {@return the number of bytes, zero or more} */
    public long bytes() {
        return bytes;
    }

    /**
     * Compares by the number of bytes.
     *
     * @param other the other size
     * @return less than, equal to or greater than zero, as this size is smaller than, equal to or larger than the other
     */
    @Override
    public int compareTo(MemorySize other) {
        return Long.compare(bytes, other.bytes);
    }

    /**
     * Tells whether the other object is a size of the same number of bytes.
     *
     * @param other the other object
     * @return whether it is
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof MemorySize size && bytes == size.bytes;
    }

    /** {@return a hash code of the number of bytes} */
    @Override
    public int hashCode() {
        return Long.hashCode(bytes);
    }

    /**
     * Returns the shortest whole number with a unit that {@link #parse} reads back to exactly this size, such as
     * {@code 4g}, {@code 4gi}, {@code 1500} or {@code 0}.
     *
     * @return the text form
     */
    @Override
    public String toString() {
        String shortest = Long.toString(bytes);
        for (Unit unit : UNITS) {
            if (bytes != 0 && bytes % unit.bytes == 0) {
                String text = bytes / unit.bytes + unit.text;
                if (text.length() < shortest.length()) {
                    shortest = text;
                }
            }
        }
        return shortest;
    }
}
