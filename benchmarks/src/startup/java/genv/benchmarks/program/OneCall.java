// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.program;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Calls one function of the C library: the least that a program takes that sets a native variable. */
public final class OneCall {
    private OneCall() {}

    /** Ends with status 1 where the process has no number. */
    public static void main(String[] args) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle getpid =
                linker.downcallHandle(linker.defaultLookup().findOrThrow("getpid"), FunctionDescriptor.of(JAVA_INT));
        if ((int) getpid.invokeExact() <= 0) {
            System.exit(1);
        }
    }
}
