// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.junit.jupiter.api.Test;

class GenvHostTest {
    private static final ActivationRequest REQUEST = ActivationRequest.of(EnvConfig.empty());

    private final StubHost host = new StubHost();

    @Test
    void shouldThrowWhatRunnableThrowsWhenRun() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> host.run(REQUEST, () -> {
                    throw new IllegalStateException("mine");
                }))
                .withMessage("mine");
    }

    @Test
    void shouldNotActivateWhenRunnableIsNull() {
        assertThatNullPointerException().isThrownBy(() -> host.run(REQUEST, Nulls.nothing()));
        assertThat(host.asked).isEmpty();
    }

    @Test
    void shouldRefuseNullWhenOpening() {
        assertThatNullPointerException().isThrownBy(() -> GenvHost.open(Nulls.nothing()));
    }

    @Test
    void shouldAskHostForEmptyConfigWhenActivatedWithout() {
        assertThatExceptionOfType(AlreadyActiveException.class).isThrownBy(host::activate);

        assertThat(host.asked).containsExactly("activate " + REQUEST);
    }
}
