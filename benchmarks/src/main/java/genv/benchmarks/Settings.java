// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks;

import java.util.List;

/**
 * How long and how often is measured.
 *
 * <p>JMH's iterations are short and many: one that the machine disturbed is an outlier, and the median stays what it is.
 *
 * @param form the name of these settings
 * @param forks JVMs for each benchmark
 * @param warmUpMillis time before the first iteration, where it takes long until all code of the subject is compiled
 * @param smallWarmUpMillis the same of subjects of little code
 * @param iterations number of iterations in each JVM
 * @param iterationMillis time of one iteration
 * @param live numbers of live environments of the curve of the process scope
 * @param fewLive the same of the task scope and of the peers
 * @param rehearsalMillis how long a process that works together with others tries alone before, at most
 * @param loadWarmMillis time before several workers are measured
 * @param loadMillis time of measuring them
 * @param wakeRounds number of releases
 * @param kills number of kills
 * @param starts number of starts of each program
 */
public record Settings(
        String form,
        int forks,
        int warmUpMillis,
        int smallWarmUpMillis,
        int iterations,
        int iterationMillis,
        List<Integer> live,
        List<Integer> fewLive,
        long rehearsalMillis,
        long loadWarmMillis,
        long loadMillis,
        int wakeRounds,
        int kills,
        int starts) {
    /** Of every JVM that JMH starts. One thread collects garbage, so that it shows in the figures. */
    static final List<String> JVM_OPTIONS =
            List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m");

    private static final List<Integer> ALL_LIVE = List.of(0, 1, 10, 100, 1000, 4000);

    /** The whole. */
    static final Settings FULL =
            new Settings("full", 2, 6000, 2000, 200, 5, ALL_LIVE, ALL_LIVE, 5000, 1000, 3000, 1000, 40, 15);

    /** Under five minutes on two processors. */
    static final Settings SHORT = new Settings(
            "short", 1, 2300, 700, 60, 5, List.of(0, 100, 1000, 4000), List.of(0, 1000), 1500, 200, 400, 250, 8, 4);

    /** For the gate: the same as the short form, but only some subjects. */
    static final Settings GATE =
            new Settings("gate", 1, 2000, 2000, 200, 4, List.of(0, 1000), List.of(0, 1000), 2500, 200, 600, 200, 5, 3);

    /** Whether everything runs; the figures mean nothing. */
    static final Settings SMOKE =
            new Settings("smoke", 1, 50, 50, 3, 2, List.of(0, 10), List.of(0, 10), 50, 50, 50, 8, 1, 1);

    public Settings {
        live = List.copyOf(live);
        fewLive = List.copyOf(fewLive);
    }

    /** {@return the options of a JVM that is measured together with others, beyond what the harness gives} */
    public static String[] childOptions() {
        return new String[] {"-da", "-XX:TieredStopAtLevel=4"};
    }
}
