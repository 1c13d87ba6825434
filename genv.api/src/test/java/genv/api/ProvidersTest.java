// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

class ProvidersTest {
    private static final ClassLoader OWN = Providers.class.getClassLoader();

    @Test
    void shouldNameWhatToAddWhenThereIsNoProvider() {
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> Providers.only(OWN, OWN))
                .withMessageStartingWith("no implementation of genv was found: service=genv.api.spi.GenvProvider; ")
                .withMessageContainingAll("genv.core", "class path", "module path");
        assertThatExceptionOfType(GenvException.class).isThrownBy(() -> Providers.only(OWN, null));
    }

    @Test
    void shouldFindProviderWhenOnlyContextLoaderHasIt() {
        ClassLoader context = ServiceClassLoader.of(FirstProvider.class);

        assertThat(Providers.only(OWN, context).getClass().getClassLoader()).isSameAs(context);
    }

    @Test
    void shouldPreferOwnLoaderWhenBothHaveOne() {
        ClassLoader own = ServiceClassLoader.of(FirstProvider.class);
        ClassLoader context = ServiceClassLoader.of(SecondProvider.class);

        assertThat(Providers.only(own, context).getClass().getClassLoader()).isSameAs(own);
        assertThat(Providers.only(own, own).getClass().getClassLoader()).isSameAs(own);
    }

    @Test
    void shouldUseContextLoaderOfThreadWhenAsked() {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        ClassLoader context = ServiceClassLoader.of(FirstProvider.class);
        thread.setContextClassLoader(context);
        try {
            assertThat(Providers.only().getClass().getClassLoader()).isSameAs(context);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void shouldNameProvidersWhenThereAreSeveral() {
        ClassLoader context = ServiceClassLoader.of(SecondProvider.class, FirstProvider.class, FailingProvider.class);

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> Providers.only(OWN, context))
                .withMessage("several implementations of genv were found: providers=[genv.api.FailingProvider,"
                        + " genv.api.FirstProvider, genv.api.SecondProvider]; keep one of them on the class path or the"
                        + " module path");
    }

    @Test
    void shouldKeepCauseWhenProviderFails() {
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> Providers.only(OWN, ServiceClassLoader.of(FailingProvider.class)))
                .withMessageStartingWith("implementation of genv cannot be loaded: reason=")
                .withMessageContaining("FailingProvider")
                .withCauseInstanceOf(ServiceConfigurationError.class)
                .withStackTraceContaining("not today");
    }

    @Test
    void shouldReportWhenProviderClassIsMissing() {
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> Providers.only(OWN, ServiceClassLoader.ofMissing("genv.api.NoSuchProvider")))
                .withMessageContaining("genv.api.NoSuchProvider")
                .withCauseInstanceOf(ServiceConfigurationError.class);
    }

    @Test
    void shouldReportWhenProviderIsOfAnotherCopy() {
        ClassLoader context = ServiceClassLoader.of(FirstProvider.class).withOwnInterface();

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> Providers.only(OWN, context))
                .withMessageContaining("not a subtype")
                .withMessageContaining("once and in one version")
                .withCauseInstanceOf(ServiceConfigurationError.class);
    }
}
