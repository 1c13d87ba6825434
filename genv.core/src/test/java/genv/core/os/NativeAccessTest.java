// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.GenvException;
import java.util.List;
import org.junit.jupiter.api.Test;

class NativeAccessTest {
    @Test
    void shouldNameTheOptionWhenNativeAccessIsDenied() {
        try (ChildJvm child = ChildJvm.startWith(List.of("--illegal-native-access=deny"), Main.class)) {
            assertThat(child.readLine())
                    .startsWith("native access is denied module=ALL-UNNAMED function=geteuid")
                    .endsWith("--enable-native-access=ALL-UNNAMED");
            assertThat(child.readLine()).isEqualTo("again: GenvException");
            assertThat(child.readLine()).isEqualTo("futex: false");
            assertThat(child.readLine()).isEqualTo("record locks: false");
        }
    }

    /** Calls native functions where that is denied. */
    static final class Main {
        public static void main(String[] arguments) {
            try {
                Users.effectiveUserId();
            } catch (GenvException denied) {
                System.out.println(denied.getMessage());
            }
            try {
                Users.effectiveUserId();
            } catch (GenvException denied) {
                // not NoClassDefFoundError, as it would be if a static initialiser had failed
                System.out.println("again: " + denied.getClass().getSimpleName());
            }
            System.out.println("futex: " + Futex.isSupported());
            System.out.println("record locks: " + RecordLocks.isSupported());
        }
    }
}
