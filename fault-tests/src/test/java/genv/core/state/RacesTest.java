// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;

/**
 * The short form of the races: the same classes, actors and outcomes without jcstress's own machinery. The long one is
 * {@code ./fault-tests/run races}.
 */
class RacesTest {
    private static final int ROUNDS = 2_000;

    static Stream<Class<?>> races() {
        List<Class<?>> found = new ArrayList<>();
        for (Class<?> outer : List.of(
                PublishRaces.class, RecordRaces.class, ClaimRaces.class, CellRaces.class, DoorbellRaces.class)) {
            for (Class<?> inner : outer.getDeclaredClasses()) {
                if (inner.isAnnotationPresent(State.class)) {
                    found.add(inner);
                }
            }
        }
        return found.stream();
    }

    @ParameterizedTest
    @MethodSource("races")
    void shouldHaveNoForbiddenOutcome(Class<?> race) throws Exception {
        List<Method> actors = methods(race, Actor.class);
        List<Method> arbiters = methods(race, Arbiter.class);
        Class<?> resultType = Stream.concat(actors.stream(), arbiters.stream())
                .flatMap(method -> Arrays.stream(method.getParameterTypes()))
                .findFirst()
                .orElseThrow();
        TreeMap<String, Integer> outcomes = new TreeMap<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(actors.size())) {
            CyclicBarrier start = new CyclicBarrier(actors.size());
            for (int round = 0; round < ROUNDS; round++) {
                Object state = race.getConstructor().newInstance();
                Object result = resultType.getConstructor().newInstance();
                List<Callable<Void>> tasks = new ArrayList<>();
                for (Method actor : actors) {
                    tasks.add(() -> {
                        start.await();
                        invoke(actor, state, result);
                        return null;
                    });
                }
                for (Future<Void> done : threads.invokeAll(tasks)) {
                    done.get();
                }
                for (Method arbiter : arbiters) {
                    invoke(arbiter, state, result);
                }
                outcomes.merge(result.toString(), 1, Integer::sum);
            }
        }
        assertThat(outcomes.keySet())
                .allSatisfy(outcome -> assertThat(grade(race, outcome))
                        .as("outcome %s of %s", outcome, outcomes)
                        .startsWith(Expect.ACCEPTABLE.name()));
    }

    private static List<Method> methods(Class<?> race, Class<? extends Annotation> kind) {
        return Arrays.stream(race.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(kind))
                .toList();
    }

    private static void invoke(Method method, Object state, Object result) throws Exception {
        try {
            if (method.getParameterCount() == 0) {
                method.invoke(state);
            } else {
                method.invoke(state, result);
            }
        } catch (InvocationTargetException e) {
            throw new AssertionError(method + " failed", e.getCause());
        }
    }

    /** What is said of an outcome: by its name, by a pattern, or by the one that is for all others. */
    private static String grade(Class<?> race, String outcome) {
        Outcome[] said = race.getAnnotationsByType(Outcome.class);
        return Stream.of(said)
                .filter(candidate -> Stream.of(candidate.id()).anyMatch(id -> outcome.matches(id)))
                .findFirst()
                .or(() -> Stream.of(said)
                        .filter(candidate -> candidate.id()[0].isEmpty())
                        .findFirst())
                .map(found -> found.expect().name() + ": " + found.desc())
                .orElse("not expected");
    }
}
