// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.GenvHost;
import genv.api.StateFormat;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * What {@link GenvTest} registers with JUnit Jupiter. A test names it only where the order of extensions matters:
 * {@code @ExtendWith(GenvExtension.class)} has the effect of {@code @GenvTest} without attributes.
 */
public final class GenvExtension implements ParameterResolver, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(GenvExtension.class);

    @GenvTest
    private static final class Defaults {}

    /** Called by JUnit. */
    public GenvExtension() {}

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        Class<?> type = parameter.getParameter().getType();
        return type == GenvHost.class || type == GenvHosts.class || type == SimulatedBackend.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        Class<?> type = parameter.getParameter().getType();
        if (test.getTestMethod().isEmpty()) {
            throw new ParameterResolutionException("there is one host for each test method and so none here: type="
                    + type.getSimpleName() + ", executable=" + parameter.getDeclaringExecutable()
                    + "; move the parameter to a test, @BeforeEach or @AfterEach method");
        }
        TestHosts hosts = hosts(test);
        if (type == GenvHost.class) {
            return hosts.host();
        }
        return type == GenvHosts.class ? hosts : hosts.backend();
    }

    /** Closes the hosts and looks for what is left; called after the test's own {@code @AfterEach} methods. */
    @Override
    public void afterEach(ExtensionContext test) throws Exception {
        TestHosts hosts = test.getStore(NAMESPACE).remove(TestHosts.class, TestHosts.class);
        if (hosts != null) {
            hosts.end();
        }
    }

    private static TestHosts hosts(ExtensionContext test) {
        return test.getStore(NAMESPACE)
                .computeIfAbsent(
                        TestHosts.class, key -> TestHosts.create(annotation(test), format(test)), TestHosts.class);
    }

    private static StateFormat format(ExtensionContext test) {
        StateFormat own = annotation(test).format();
        return own == StateFormat.JSON
                ? own
                : onClass(test).map(GenvTest::format).orElse(own);
    }

    private static Optional<GenvTest> onClass(ExtensionContext test) {
        return AnnotationSupport.findAnnotation(
                test.getRequiredTestClass(), GenvTest.class, test.getEnclosingTestClasses());
    }

    private static GenvTest annotation(ExtensionContext test) {
        Optional<GenvTest> onMethod =
                test.getTestMethod().flatMap(m -> AnnotationSupport.findAnnotation(m, GenvTest.class));
        return onMethod.or(() -> onClass(test))
                .or(() -> AnnotationSupport.findAnnotation(Defaults.class, GenvTest.class))
                .orElseThrow();
    }
}
