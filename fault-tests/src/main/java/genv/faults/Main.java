// SPDX-License-Identifier: Apache-2.0
package genv.faults;

import genv.faults.fuzz.FileRun;
import genv.faults.fuzz.FuzzRun;
import genv.faults.json.JsonKillRun;
import genv.faults.kills.KillRun;
import genv.faults.points.PointRun;
import genv.faults.races.RaceRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;

/** The long forms, as {@code ./fault-tests/run} starts them. */
public final class Main {
    private static final String USAGE = """
        usage: ./fault-tests/run [--no-build] [points|kills|json|fuzz|files|races|all] [--count N] [--seed S]

          points  stopped and killed at each named step of the protocol; N rounds of one step each (320)
          kills   8 processes on 4 devices, killed at random; N kills (10000)
          json    3 processes on the files of Python Genv, beside 2 of Python, killed at random; N kills (2000)
          fuzz    state files damaged at random, and random files; N trials (200000)
          files   every byte of a live state file flipped, every size; N limits it to about that many trials
          races   jcstress on the records, cells and lock words; N seconds (5) for each test in each mode
          all     all of them, one after the other
          --seed  that of an earlier run: the same programs and the same damage again
        """;

    private enum Part {
        POINTS(320) {
            @Override
            String run(Run run) throws Exception {
                return new PointRun(run).call();
            }
        },
        KILLS(10_000) {
            @Override
            String run(Run run) throws Exception {
                return KillRun.of(run).call();
            }
        },
        JSON(2_000) {
            @Override
            String run(Run run) throws Exception {
                return new JsonKillRun(run).call();
            }
        },
        FUZZ(200_000) {
            @Override
            String run(Run run) throws Exception {
                return new FuzzRun(run).call();
            }
        },
        FILES(Integer.MAX_VALUE) {
            @Override
            String run(Run run) throws Exception {
                return new FileRun(run).call();
            }
        },
        RACES(5) {
            @Override
            String run(Run run) throws Exception {
                return new RaceRun(run).call();
            }
        };

        private final int usualCount;

        Part(int usualCount) {
            this.usualCount = usualCount;
        }

        abstract String run(Run run) throws Exception;
    }

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        List<Part> parts = new ArrayList<>();
        OptionalInt count = OptionalInt.empty();
        OptionalLong seed = OptionalLong.empty();
        try {
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "points" -> parts.add(Part.POINTS);
                    case "kills" -> parts.add(Part.KILLS);
                    case "json" -> parts.add(Part.JSON);
                    case "fuzz" -> parts.add(Part.FUZZ);
                    case "files" -> parts.add(Part.FILES);
                    case "races" -> parts.add(Part.RACES);
                    case "all" -> parts.addAll(List.of(Part.values()));
                    case "--count" -> count = OptionalInt.of(Integer.parseInt(arguments[++i]));
                    case "--seed" -> seed = OptionalLong.of(Long.parseLong(arguments[++i]));
                    default -> throw new IllegalArgumentException(arguments[i]);
                }
            }
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException wrong) {
            System.err.print(USAGE);
            System.exit(2);
        }
        boolean failed = false;
        for (Part part : parts.isEmpty() ? List.of(Part.values()) : parts) {
            failed |= !run(part, count.orElse(part.usualCount), seed.orElseGet(() -> new Random().nextInt(1_000_000)));
        }
        System.exit(failed ? 1 : 0);
    }

    private static boolean run(Part part, int count, long seed) throws Exception {
        Progress progress = new Progress(System.out, Boolean.getBoolean("genv.faults.terminal"));
        String name = part.name().toLowerCase(Locale.ROOT);
        String replay = "./fault-tests/run " + name + " --count " + count + " --seed " + seed;
        progress.say(name + ": seed=" + seed + " replay: " + replay);
        Path directory = Files.createTempDirectory("genv-faults-" + name);
        try {
            String summary = part.run(new Run(count, seed, directory, progress));
            Folders.delete(directory);
            progress.say(name + ": passed in " + progress.elapsed() + ", seed=" + seed + ": " + summary);
            return true;
        } catch (Exception | AssertionError failure) {
            progress.say(name + ": FAILED after " + progress.elapsed() + ", seed=" + seed + "; kept: " + directory
                    + "; replay: " + replay);
            failure.printStackTrace();
            return false;
        }
    }
}
