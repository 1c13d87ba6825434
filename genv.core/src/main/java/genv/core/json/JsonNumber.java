// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

/**
 * A number as it stands in a text, which a {@code long} does not hold so: with a fraction or an exponent, larger, a negative zero,
 * or one of the three that Python writes and JSON does not have, {@code NaN}, {@code Infinity} and {@code -Infinity}.
 */
record JsonNumber(String text) {
    @Override
    public String toString() {
        return text;
    }
}
