// SPDX-License-Identifier: Apache-2.0
package genv.it.check;

import genv.api.StateFormat;
import genv.testkit.GenvTest;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A test of something that Genv's files have no place for: left out where a class of tests is run on them. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NotOnJson.Condition.class)
public @interface NotOnJson {
    /** What there is no place for. */
    String value();

    /** Disables the test where the class asks for that format. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            boolean json = context.getTestClass()
                    .map(type -> type.getAnnotation(GenvTest.class))
                    .filter(test -> test.format() == StateFormat.JSON)
                    .isPresent();
            String reason = context.getTestMethod()
                    .map(method -> method.getAnnotation(NotOnJson.class))
                    .map(NotOnJson::value)
                    .orElse("");
            return json
                    ? ConditionEvaluationResult.disabled("Genv's files have no place for it: " + reason)
                    : ConditionEvaluationResult.enabled("on the mapped state");
        }
    }
}
