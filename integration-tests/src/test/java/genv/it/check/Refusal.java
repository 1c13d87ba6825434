// SPDX-License-Identifier: Apache-2.0
package genv.it.check;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.GenvHost;
import genv.api.Snapshot;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What every refusal owes to whoever meets it: a message that helps, and a host on which nothing has changed. */
public final class Refusal {
    /** A fact, some {@code name=value} (or a value in quotes), and after a {@code ;} or {@code :} what to do. */
    private static final Pattern ADVICE = Pattern.compile("[;:] [a-z]{2,}[ ,].*\\S$", Pattern.DOTALL);

    private static final Pattern VALUE = Pattern.compile("[A-Za-z_]+=\\S");

    private Refusal() {}

    /**
     * Requires that the call throws exactly this kind of exception, with a clear message that has all of the parts.
     *
     * @return what was thrown
     */
    public static <X extends Throwable> X of(Class<X> type, ThrowingCallable call, String... parts) {
        Throwable thrown = thrownBy(call);
        assertThat(thrown).as("what is thrown").isInstanceOf(type);
        isClear(String.valueOf(thrown.getMessage()), parts);
        return type.cast(thrown);
    }

    /** The same, and that the host shows the same picture after it as before. */
    public static <X extends Throwable> X on(GenvHost host, Class<X> type, ThrowingCallable call, String... parts) {
        Snapshot before = host.snapshot();
        X thrown = of(type, call, parts);
        assertThat(host.snapshot()).as("the host after the refusal").isEqualTo(before);
        return thrown;
    }

    /** Requires that a message states a fact in lower case, its values, and what to do. */
    public static void isClear(String message, String... parts) {
        assertThat(message).matches("(?s)[a-z].*").doesNotContain("null").containsPattern(ADVICE);
        assertThat(message).as("values").containsPattern(VALUE);
        for (String part : parts) {
            assertThat(message).contains(part);
        }
    }

    private static Throwable thrownBy(ThrowingCallable call) {
        try {
            call.call();
        } catch (Throwable thrown) {
            return thrown;
        }
        throw new AssertionError("nothing was thrown");
    }
}
