// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import java.io.IOException;

/** A numbered series of trials; the number decides what is done. */
interface Trials {
    /** How many there are. */
    int count();

    /** Makes one; an {@link AssertionError}, or anything else that is thrown, says what is wrong. */
    void run(int number) throws IOException;

    /** What a trial does, for the message of one that failed. */
    String describe(int number);
}
