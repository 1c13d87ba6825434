// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * The layout of one cell. What is known of an environment is encoded into words (see {@link EnvCodec}) which lie in a chain
 * of cells; nearly always one is enough.
 *
 * <pre>
 *   0  checksum of the words that follow, as far as they are in use
 *   8  next cell, 0 for none (high half); words of payload in use (low half)
 *  16  payload  30 words
 * 256
 * </pre>
 */
public final class CellLayout {
    public static final long SIZE = 256;
    public static final long CHECKSUM_OFFSET = 0;
    public static final long LINK_OFFSET = 8;
    public static final long PAYLOAD_OFFSET = 16;
    public static final int PAYLOAD_WORDS = 30;

    /** The longest chain. */
    public static final int MAX_CHAIN = 64;

    private CellLayout() {}
}
