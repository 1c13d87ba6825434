// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.core.os.NativeEnvironment;
import java.util.Optional;

/**
 * The native environment of this process: what {@code getenv} of the C library sees, and so what libraries loaded
 * later see. {@link System#getenv()} is a copy from the start of the process and shows none of the changes.
 */
public final class NativeVariables implements VariableStore {
    /** Creates a view of the one native environment; it has no state of its own. */
    public NativeVariables() {}

    @Override
    public Optional<String> get(String name) {
        return NativeEnvironment.get(name);
    }

    @Override
    public void set(String name, String value) {
        NativeEnvironment.set(name, value);
    }

    @Override
    public void unset(String name) {
        NativeEnvironment.unset(name);
    }

    @Override
    public Object monitor() {
        return NativeEnvironment.monitor();
    }

    @Override
    public Remembered remember(String name) {
        Optional<byte[]> value = NativeEnvironment.getBytes(name);
        if (value.isEmpty()) {
            return Remembered.ABSENT;
        }
        byte[] bytes = value.get(); // any but NUL: what is not UTF-8 would not survive as a String
        return (store, variable) -> NativeEnvironment.setBytes(variable, bytes);
    }
}
