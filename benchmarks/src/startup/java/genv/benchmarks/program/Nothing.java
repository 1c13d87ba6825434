// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.program;

/** Does nothing. */
public final class Nothing {
    private Nothing() {}

    /** Returns. */
    public static void main(String[] args) {}
}
