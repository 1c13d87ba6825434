// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;

/**
 * The protocol of {@link Transitions} in the small, every interleaving of which is walked through.
 *
 * <p>A few actors change a state that refers to one cell. What one of them does to a shared word at one moment is one step,
 * and each may die between any two of its steps. The words are those of the file: the root; for each record and cell a claim
 * word; what is in them. Numbers of versions, records and cells are small enough to lie in bytes.
 *
 * <p>The steps follow the methods of the same purpose: the first ones {@code load} and {@code Cells.read}, then
 * {@code claimRecord}, {@code claimCell}, {@code publish}, {@code unstamp}, {@code freeChain}, {@code sweep} and
 * {@code abandon}. Not in the model: chains of several cells, and the memory order of plain words.
 */
@SuppressWarnings("EnumOrdinal") // a state of the model is packed into words, which nothing else reads
final class ClaimModel {
    /** A rule of the protocol that is left out, to see what it is good for. */
    enum Flaw {
        ROOT_NOT_CHECKED_AFTER_COPYING,
        CELL_NOT_CHECKED_AFTER_READING,
        CURRENT_RECORD_CLAIMED,
        UNPUBLISHED_RECORD_CLAIMED,
        UNPUBLISHED_CELL_SWEPT,
        REFERENCED_CELL_SWEPT,
        STOPPED_TAKEN_FOR_DEAD,
        STAMPED_AFTER_PUBLISHING,
        UNSTAMPED_WITHOUT_COMPARING,
        REUSED_CELL_FREED,
        LATER_CELL_CLAIMED
    }

    /** A way to something that must not be. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Violation(String message) {
            super(message);
        }
    }

    private enum Step {
        READ_ROOT,
        COPY,
        CHECK_ROOT,
        READ_CLAIM,
        READ_CELL,
        CHECK_CLAIM,
        RECHECK_ROOT,
        PICK_RECORD,
        ASK_ROOT,
        OWN_RECORD,
        PICK_CELL,
        OWN_CELL,
        BEGIN_CELL,
        END_CELL,
        BEGIN_RECORD,
        END_RECORD,
        STAMP_CELL,
        STAMP_RECORD,
        PUBLISH,
        LATE_STAMP_CELL,
        LATE_STAMP_RECORD,
        UNSTAMP_CELL,
        UNSTAMP_RECORD,
        READ_REPLACED,
        FREE_REPLACED,
        ABANDON_CELL,
        ABANDON_RECORD,
        SWEEP_ROOT,
        SWEEP_COPY,
        SWEEP_MARK,
        SWEEP_CHECK,
        SWEEP_READ,
        SWEEP_FREE,
        DONE,
        DEAD
    }

    private static final Step[] STEPS = Step.values();

    // claim words: the kind in the upper two bits, a version or token in the lower six
    private static final int FREE = 0;
    private static final int LIVE = 1 << 6;
    private static final int OWNED = 2 << 6;
    private static final int VALUE = 0x3f;

    private static final int NONE = 0xff;
    private static final int TORN = 0xfe;

    // places in a state
    private static final int ROOT_VERSION = 0;
    private static final int ROOT_RECORD = 1;
    private static final int CRASHES = 2;
    private static final int WORDS = 3;

    // places in an actor
    private static final int STEP = 0;
    private static final int OPERATIONS = 1;
    private static final int BASE_VERSION = 2;
    private static final int BASE_RECORD = 3;
    private static final int REFERENCE = 4;
    private static final int RECORD = 5;
    private static final int CELL = 6;
    private static final int PLACE = 7;
    private static final int SEEN = 8;
    private static final int VALUE_READ = 9;
    private static final int SWEEP_VERSION = 10;
    private static final int SWEEP_RECORD = 11;
    private static final int SWEEP_MARKED = 12;
    private static final int FREED_AT = 13;
    private static final int ACTOR_SIZE = 14;

    private final int records;
    private final int cells;
    private final int[] tokens;
    private final int[] operations;
    private final int crashes;
    private final Set<Flaw> flaws;

    private final int recordClaims;
    private final int recordVersions;
    private final int recordReferences;
    private final int cellClaims;
    private final int cellContents;
    private final int truthCells;
    private final int truthContents;
    private final int actors;
    private final int size;

    private final Deque<byte[]> open = new ArrayDeque<>();
    private final Fingerprints seen = new Fingerprints();
    private final int[] reached = new int[STEPS.length];
    private byte[] from = {};
    private boolean moved;

    /**
     * {@code tokens} and {@code operations}: one number for each actor; actors with the same token are threads of one
     * process and die together.
     */
    ClaimModel(int records, int cells, int[] tokens, int[] operations, int crashes, Flaw... flaws) {
        this.records = records;
        this.cells = cells;
        this.tokens = tokens.clone();
        this.operations = operations.clone();
        this.crashes = crashes;
        this.flaws = flaws.length == 0 ? EnumSet.noneOf(Flaw.class) : EnumSet.copyOf(Arrays.asList(flaws));
        int versions = 2 + Arrays.stream(operations).sum();
        int at = WORDS;
        recordClaims = at;
        recordVersions = at += records;
        recordReferences = at += records;
        cellClaims = at += records;
        cellContents = at += cells;
        truthCells = at += cells;
        truthContents = at += versions;
        actors = at += versions; // the truths of all versions lie before
        size = at + tokens.length * ACTOR_SIZE;
    }

    /**
     * Walks through all states.
     *
     * @return how many there are
     * @throws Violation at the first one that must not be
     */
    long explore() {
        add(initial());
        while (!open.isEmpty()) {
            from = open.pop();
            require(from);
            moved = false;
            boolean finished = true;
            for (int actor = 0; actor < tokens.length; actor++) {
                Step step = step(from, actor);
                reached[step.ordinal()]++;
                if (step != Step.DONE && step != Step.DEAD) {
                    finished = false;
                    move(actor, step);
                    crash(actor);
                }
            }
            if (!finished && !moved) {
                throw new Violation("nobody can go on: " + describe(from));
            }
        }
        return seen.size();
    }

    /** The steps that nobody came to: a model that does not get there proves nothing about them. */
    Set<String> unreached() {
        Set<String> names = new java.util.TreeSet<>();
        for (Step step : STEPS) {
            if (reached[step.ordinal()] == 0) {
                names.add(step.name());
            }
        }
        return names;
    }

    private byte[] initial() {
        byte[] state = new byte[size];
        state[ROOT_VERSION] = 1;
        state[recordClaims] = (byte) (LIVE | 1);
        state[recordVersions] = 1;
        state[cellClaims] = (byte) (LIVE | 1);
        state[cellContents] = 1;
        state[truthContents + 1] = 1;
        for (int actor = 0; actor < tokens.length; actor++) {
            int at = actors + actor * ACTOR_SIZE;
            Arrays.fill(state, at, at + ACTOR_SIZE, (byte) NONE);
            state[at + STEP] = (byte) Step.READ_ROOT.ordinal();
            state[at + OPERATIONS] = (byte) operations[actor];
        }
        return state;
    }

    // ---- what must always be ---------------------------------------------------------------------------------------

    private void require(byte[] state) {
        int version = state[ROOT_VERSION];
        int record = state[ROOT_RECORD];
        if (!flaws.contains(Flaw.STAMPED_AFTER_PUBLISHING)) {
            check(
                    word(state, recordClaims + record) == (LIVE | version),
                    "the current record is not claimed as such",
                    state);
        }
        check(
                state[recordVersions + record] == version
                        && state[recordReferences + record] == state[truthCells + version],
                "the current record was written to",
                state);
        int cell = state[truthCells + version];
        int claim = word(state, cellClaims + cell);
        boolean stamped = (claim & ~VALUE) == LIVE && (claim & VALUE) <= version;
        check(
                stamped || flaws.contains(Flaw.STAMPED_AFTER_PUBLISHING),
                "a cell that is referred to is not live",
                state);
        check(
                state[cellContents + cell] == state[truthContents + version],
                "a cell that is referred to was written to",
                state);
    }

    private void check(boolean condition, String what, byte[] state) {
        if (!condition) {
            throw new Violation(what + ": " + describe(state));
        }
    }

    // ---- steps -----------------------------------------------------------------------------------------------------

    private void move(int actor, Step step) {
        byte[] s = from.clone();
        Actor a = new Actor(s, actor);
        int next = a.get(BASE_VERSION) + 1;
        int place = a.get(PLACE);
        switch (step) {
            case READ_ROOT -> {
                a.set(BASE_VERSION, s[ROOT_VERSION]);
                a.set(BASE_RECORD, s[ROOT_RECORD]);
                a.go(Step.COPY);
            }
            case COPY -> {
                a.set(VALUE_READ, word(s, recordVersions + a.get(BASE_RECORD)));
                a.set(REFERENCE, word(s, recordReferences + a.get(BASE_RECORD)));
                a.go(Step.CHECK_ROOT);
            }
            case CHECK_ROOT -> {
                boolean whole = a.get(VALUE_READ) == a.get(BASE_VERSION);
                if (!a.rootIsAsRead() && !flaws.contains(Flaw.ROOT_NOT_CHECKED_AFTER_COPYING)) {
                    a.go(Step.READ_ROOT);
                } else if (!whole && flaws.contains(Flaw.ROOT_NOT_CHECKED_AFTER_COPYING)) {
                    a.go(Step.READ_ROOT);
                } else {
                    check(whole, "a sound state is called damaged", s);
                    check(
                            a.get(REFERENCE) == s[truthCells + a.get(BASE_VERSION)],
                            "a copy is not what was published",
                            s);
                    a.go(Step.READ_CLAIM);
                }
            }
            case READ_CLAIM -> {
                int claim = word(s, cellClaims + a.get(REFERENCE));
                a.set(SEEN, claim);
                a.go(isLive(claim) && (claim & VALUE) <= a.get(BASE_VERSION) ? Step.READ_CELL : Step.RECHECK_ROOT);
            }
            case READ_CELL -> {
                a.set(VALUE_READ, word(s, cellContents + a.get(REFERENCE)));
                a.go(Step.CHECK_CLAIM);
            }
            case CHECK_CLAIM -> {
                if (word(s, cellClaims + a.get(REFERENCE)) != a.get(SEEN)
                        && !flaws.contains(Flaw.CELL_NOT_CHECKED_AFTER_READING)) {
                    a.go(Step.RECHECK_ROOT);
                } else {
                    check(
                            a.get(VALUE_READ) == s[truthContents + a.get(BASE_VERSION)],
                            "an environment is not what was published",
                            s);
                    a.go(Step.PICK_RECORD);
                }
            }
            case RECHECK_ROOT -> {
                check(!a.rootIsAsRead(), "a sound environment is called damaged", s);
                a.go(Step.READ_ROOT);
            }
            case PICK_RECORD -> {
                pickRecord(actor, a);
                return;
            }
            case ASK_ROOT -> {
                boolean current = s[ROOT_RECORD] == place && !flaws.contains(Flaw.CURRENT_RECORD_CLAIMED);
                boolean unpublished =
                        (a.get(SEEN) & VALUE) > s[ROOT_VERSION] && !flaws.contains(Flaw.UNPUBLISHED_RECORD_CLAIMED);
                a.go(current || unpublished ? Step.PICK_RECORD : Step.OWN_RECORD);
            }
            case OWN_RECORD -> {
                if (a.compareAndSet(recordClaims + place, a.get(SEEN), OWNED | tokens[actor])) {
                    a.set(RECORD, place);
                }
                a.go(Step.PICK_RECORD);
            }
            case PICK_CELL -> {
                pickCell(actor, a);
                return;
            }
            case OWN_CELL -> {
                if (a.compareAndSet(cellClaims + place, a.get(SEEN), OWNED | tokens[actor])) {
                    a.set(CELL, place);
                }
                a.go(Step.PICK_CELL);
            }
            case BEGIN_CELL -> {
                abandon(actor);
                a.own(cellClaims + a.get(CELL), "a cell");
                s[cellContents + a.get(CELL)] = (byte) TORN;
                a.go(Step.END_CELL);
            }
            case END_CELL -> {
                a.own(cellClaims + a.get(CELL), "a cell");
                s[cellContents + a.get(CELL)] = a.content();
                a.go(Step.BEGIN_RECORD);
            }
            case BEGIN_RECORD -> {
                a.own(recordClaims + a.get(RECORD), "a record");
                s[recordVersions + a.get(RECORD)] = (byte) TORN;
                a.go(Step.END_RECORD);
            }
            case END_RECORD -> {
                a.own(recordClaims + a.get(RECORD), "a record");
                s[recordVersions + a.get(RECORD)] = (byte) next;
                s[recordReferences + a.get(RECORD)] = (byte) a.get(CELL);
                a.go(flaws.contains(Flaw.STAMPED_AFTER_PUBLISHING) ? Step.PUBLISH : Step.STAMP_CELL);
            }
            case STAMP_CELL, LATE_STAMP_CELL -> {
                a.own(cellClaims + a.get(CELL), "a cell");
                s[cellClaims + a.get(CELL)] = (byte) (LIVE | next);
                a.go(step == Step.STAMP_CELL ? Step.STAMP_RECORD : Step.LATE_STAMP_RECORD);
            }
            case STAMP_RECORD -> {
                a.own(recordClaims + a.get(RECORD), "a record");
                s[recordClaims + a.get(RECORD)] = (byte) (LIVE | next);
                a.go(Step.PUBLISH);
            }
            case PUBLISH -> publish(a, next);
            case LATE_STAMP_RECORD -> {
                a.own(recordClaims + a.get(RECORD), "a record");
                s[recordClaims + a.get(RECORD)] = (byte) (LIVE | next);
                a.set(RECORD, NONE);
                a.set(CELL, NONE);
                a.go(Step.READ_REPLACED);
            }
            case UNSTAMP_CELL -> {
                a.unstamp(cellClaims + a.get(CELL), CELL, next);
                a.go(Step.UNSTAMP_RECORD);
            }
            case UNSTAMP_RECORD -> {
                a.unstamp(recordClaims + a.get(RECORD), RECORD, next);
                a.go(Step.READ_ROOT);
            }
            case READ_REPLACED -> {
                int claim = word(s, cellClaims + a.get(REFERENCE));
                boolean same = isLive(claim)
                        && ((claim & VALUE) <= a.get(BASE_VERSION) || flaws.contains(Flaw.REUSED_CELL_FREED));
                a.set(SEEN, claim);
                if (same) {
                    a.go(Step.FREE_REPLACED);
                } else {
                    a.finish();
                }
            }
            case FREE_REPLACED -> {
                a.free(a.get(REFERENCE), a.get(SEEN));
                a.finish();
            }
            case ABANDON_CELL -> {
                a.own(cellClaims + a.get(CELL), "a cell");
                s[cellClaims + a.get(CELL)] = (byte) (FREE | s[ROOT_VERSION]);
                a.set(CELL, NONE);
                a.go(Step.ABANDON_RECORD);
            }
            case ABANDON_RECORD -> {
                a.own(recordClaims + a.get(RECORD), "a record");
                s[recordClaims + a.get(RECORD)] = (byte) FREE;
                a.set(RECORD, NONE);
                a.finish();
            }
            case SWEEP_ROOT -> {
                a.set(SWEEP_VERSION, s[ROOT_VERSION]);
                a.set(SWEEP_RECORD, s[ROOT_RECORD]);
                a.go(Step.SWEEP_COPY);
            }
            case SWEEP_COPY -> {
                boolean whole = word(s, recordVersions + a.get(SWEEP_RECORD)) == a.get(SWEEP_VERSION);
                a.set(SWEEP_MARKED, word(s, recordReferences + a.get(SWEEP_RECORD)));
                a.go(whole ? Step.SWEEP_MARK : Step.SWEEP_ROOT);
            }
            case SWEEP_MARK -> {
                int claim = word(s, cellClaims + a.get(SWEEP_MARKED));
                a.go(isLive(claim) && (claim & VALUE) <= a.get(SWEEP_VERSION) ? Step.SWEEP_CHECK : Step.SWEEP_ROOT);
            }
            case SWEEP_CHECK -> {
                boolean same = s[ROOT_VERSION] == a.get(SWEEP_VERSION);
                a.set(PLACE, 0);
                a.go(same ? Step.SWEEP_READ : Step.SWEEP_ROOT);
            }
            case SWEEP_READ -> sweepRead(a, place);
            case SWEEP_FREE -> {
                a.free(place, a.get(SEEN));
                a.sweepNext(place);
            }
            case DONE, DEAD -> throw new AssertionError(step);
        }
        add(a.state);
    }

    private void publish(Actor a, int next) {
        byte[] s = a.state;
        if (!a.rootIsAsRead()) {
            a.go(flaws.contains(Flaw.STAMPED_AFTER_PUBLISHING) ? Step.READ_ROOT : Step.UNSTAMP_CELL);
            return;
        }
        s[ROOT_VERSION] = (byte) next;
        s[ROOT_RECORD] = (byte) a.get(RECORD);
        s[truthCells + next] = (byte) a.get(CELL);
        s[truthContents + next] = a.content();
        if (flaws.contains(Flaw.STAMPED_AFTER_PUBLISHING)) {
            a.go(Step.LATE_STAMP_CELL);
            return;
        }
        a.set(RECORD, NONE);
        a.set(CELL, NONE);
        a.go(Step.READ_REPLACED);
    }

    private void sweepRead(Actor a, int place) {
        int claim = word(a.state, cellClaims + place);
        boolean free = isLive(claim)
                ? ((claim & VALUE) <= a.get(SWEEP_VERSION) || flaws.contains(Flaw.UNPUBLISHED_CELL_SWEPT))
                        && (place != a.get(SWEEP_MARKED) || flaws.contains(Flaw.REFERENCED_CELL_SWEPT))
                : (claim & ~VALUE) == OWNED && isDead(a.state, claim & VALUE);
        a.set(SEEN, claim);
        if (free) {
            a.set(FREED_AT, isLive(claim) ? NONE : a.state[ROOT_VERSION]);
            a.go(Step.SWEEP_FREE);
        } else {
            a.sweepNext(place);
        }
    }

    /** The hints where to look first may say anything, so any record may be looked at next. */
    private void pickRecord(int actor, Actor a) {
        if (a.get(RECORD) != NONE) {
            a.go(Step.PICK_CELL);
            add(a.state);
            return;
        }
        for (int record = 0; record < records; record++) {
            int claim = word(from, recordClaims + record);
            Actor branch = new Actor(from.clone(), actor);
            branch.set(PLACE, record);
            branch.set(SEEN, claim);
            if (isLive(claim)) {
                branch.go(Step.ASK_ROOT);
                add(branch.state);
            } else if ((claim & ~VALUE) == FREE || isDead(from, claim & VALUE)) {
                branch.go(Step.OWN_RECORD);
                add(branch.state);
            }
        }
    }

    private void pickCell(int actor, Actor a) {
        if (a.get(CELL) != NONE) {
            a.go(Step.BEGIN_CELL);
            add(a.state);
            return;
        }
        for (int cell = 0; cell < cells; cell++) {
            int claim = word(from, cellClaims + cell);
            if ((claim & ~VALUE) == FREE) {
                Actor branch = new Actor(from.clone(), actor);
                branch.set(PLACE, cell);
                branch.set(SEEN, claim);
                boolean lost = (claim & VALUE) > a.get(BASE_VERSION) && !flaws.contains(Flaw.LATER_CELL_CLAIMED);
                branch.go(lost ? Step.READ_ROOT : Step.OWN_CELL);
                add(branch.state);
            }
        }
        a.go(Step.SWEEP_ROOT);
        add(a.state);
    }

    /** Instead of going on, the operation may fail and give back what it owns. */
    private void abandon(int actor) {
        Actor branch = new Actor(from.clone(), actor);
        branch.go(Step.ABANDON_CELL);
        add(branch.state);
    }

    private void crash(int actor) {
        if (from[CRASHES] == crashes) {
            return;
        }
        byte[] s = from.clone();
        s[CRASHES]++;
        for (int other = 0; other < tokens.length; other++) {
            if (tokens[other] == tokens[actor] && step(s, other) != Step.DONE) {
                int at = actors + other * ACTOR_SIZE;
                Arrays.fill(s, at, at + ACTOR_SIZE, (byte) NONE);
                s[at + STEP] = (byte) Step.DEAD.ordinal();
            }
        }
        boolean moves = moved;
        add(s);
        moved = moves; // to die is not to go on
    }

    private boolean isDead(byte[] state, int token) {
        if (flaws.contains(Flaw.STOPPED_TAKEN_FOR_DEAD)) {
            return true;
        }
        for (int actor = 0; actor < tokens.length; actor++) {
            if (tokens[actor] == token && step(state, actor) != Step.DEAD) {
                return false;
            }
        }
        return true;
    }

    private void add(byte[] state) {
        forget(state);
        if (!Arrays.equals(state, from)) {
            moved = true;
            if (seen.add(state)) {
                open.push(state);
            }
        }
    }

    /** Clears what no later step looks at, so that states that differ in it alone are one. */
    private void forget(byte[] state) {
        long bases = 1L << state[ROOT_VERSION];
        for (int actor = 0; actor < tokens.length; actor++) {
            Actor a = new Actor(state, actor);
            Step step = step(state, actor);
            a.keep(VALUE_READ, step == Step.CHECK_ROOT || step == Step.CHECK_CLAIM);
            a.keep(SEEN, SEEN_USED.contains(step));
            a.keep(PLACE, PLACE_USED.contains(step));
            boolean sweeping = step.compareTo(Step.SWEEP_COPY) >= 0 && step.compareTo(Step.SWEEP_FREE) <= 0;
            a.keep(SWEEP_VERSION, sweeping);
            a.keep(SWEEP_RECORD, step == Step.SWEEP_COPY);
            a.keep(SWEEP_MARKED, sweeping && step != Step.SWEEP_COPY);
            a.keep(REFERENCE, step != Step.READ_ROOT && step != Step.COPY);
            a.keep(BASE_VERSION, step != Step.READ_ROOT);
            a.keep(BASE_RECORD, step != Step.READ_ROOT);
            bases |= a.get(BASE_VERSION) == NONE ? 0 : 1L << a.get(BASE_VERSION);
        }
        for (int version = 0; version < actors - truthContents; version++) {
            if ((bases >>> version & 1) == 0) {
                state[truthCells + version] = 0;
                state[truthContents + version] = 0;
            }
        }
    }

    private static final Set<Step> SEEN_USED = EnumSet.of(
            Step.READ_CELL,
            Step.CHECK_CLAIM,
            Step.ASK_ROOT,
            Step.OWN_RECORD,
            Step.OWN_CELL,
            Step.FREE_REPLACED,
            Step.SWEEP_FREE);

    private static final Set<Step> PLACE_USED =
            EnumSet.of(Step.ASK_ROOT, Step.OWN_RECORD, Step.OWN_CELL, Step.SWEEP_READ, Step.SWEEP_FREE);

    /** One actor of a state. */
    private final class Actor {
        final byte[] state;
        private final int number;
        private final int at;

        Actor(byte[] state, int number) {
            this.state = state;
            this.number = number;
            this.at = actors + number * ACTOR_SIZE;
        }

        int get(int field) {
            return state[at + field] & 0xff;
        }

        void set(int field, int value) {
            state[at + field] = (byte) value;
        }

        void keep(int field, boolean used) {
            if (!used) {
                set(field, NONE);
            }
        }

        void go(Step step) {
            state[at + STEP] = (byte) step.ordinal();
        }

        /** What it writes: no two attempts at one version are of the same actor. */
        byte content() {
            return (byte) ((get(BASE_VERSION) + 1) * 4 + number);
        }

        boolean rootIsAsRead() {
            return state[ROOT_VERSION] == get(BASE_VERSION) && state[ROOT_RECORD] == get(BASE_RECORD);
        }

        boolean compareAndSet(int place, int expected, int next) {
            if (word(state, place) != expected) {
                return false;
            }
            state[place] = (byte) next;
            return true;
        }

        void own(int place, String what) {
            check(
                    word(state, place) == (OWNED | tokens[number]),
                    what + " is written by somebody who does not own it",
                    state);
        }

        void unstamp(int place, int field, int version) {
            if (flaws.contains(Flaw.UNSTAMPED_WITHOUT_COMPARING)) {
                state[place] = (byte) (OWNED | tokens[number]);
            } else if (!compareAndSet(place, LIVE | version, OWNED | tokens[number])) {
                set(field, NONE);
            }
        }

        void free(int cell, int claim) {
            int version = isLive(claim) ? claim & VALUE : get(FREED_AT);
            set(FREED_AT, NONE);
            if (compareAndSet(cellClaims + cell, claim, FREE | version)) {
                check(cell != state[truthCells + state[ROOT_VERSION]], "a cell that is referred to is freed", state);
            }
        }

        void sweepNext(int place) {
            set(PLACE, place + 1);
            go(place + 1 == cells ? Step.PICK_CELL : Step.SWEEP_READ);
        }

        /** Ends an operation. */
        void finish() {
            int rest = get(OPERATIONS) - 1;
            Arrays.fill(state, at, at + ACTOR_SIZE, (byte) NONE);
            set(OPERATIONS, rest);
            go(rest == 0 ? Step.DONE : Step.READ_ROOT);
        }
    }

    private Step step(byte[] state, int actor) {
        return STEPS[state[actors + actor * ACTOR_SIZE + STEP]];
    }

    private static int word(byte[] state, int place) {
        return state[place] & 0xff;
    }

    private static boolean isLive(int claim) {
        return (claim & ~VALUE) == LIVE;
    }

    private String describe(byte[] s) {
        StringBuilder text = new StringBuilder("root=" + s[ROOT_VERSION] + "@" + s[ROOT_RECORD] + " records=");
        for (int i = 0; i < records; i++) {
            text.append(claim(word(s, recordClaims + i)))
                    .append(":v")
                    .append(word(s, recordVersions + i))
                    .append("->")
                    .append(word(s, recordReferences + i))
                    .append(' ');
        }
        text.append("cells=");
        for (int i = 0; i < cells; i++) {
            text.append(claim(word(s, cellClaims + i)))
                    .append(':')
                    .append(word(s, cellContents + i))
                    .append(' ');
        }
        for (int i = 0; i < tokens.length; i++) {
            text.append("actor").append(i).append('=').append(step(s, i)).append(' ');
        }
        return text.toString();
    }

    private static String claim(int word) {
        String kind = (word & ~VALUE) == FREE ? "FREE" : isLive(word) ? "LIVE" : "OWNED";
        return kind + "(" + (word & VALUE) + ")";
    }

    /** A set of 64-bit hashes of states: a collision hides a state, at a chance of one in a million here. */
    private static final class Fingerprints {
        private long[] table = new long[1 << 16];
        private int count;

        int size() {
            return count;
        }

        boolean add(byte[] state) {
            long hash = 0x9e37_79b9_7f4a_7c15L;
            for (byte b : state) {
                hash = (hash ^ b) * 0xff51_afd7_ed55_8ccdL;
                hash ^= hash >>> 32;
            }
            hash |= hash == 0 ? 1 : 0;
            if (!insert(table, hash)) {
                return false;
            }
            if (++count > table.length / 2) {
                long[] larger = new long[table.length * 2];
                for (long known : table) {
                    if (known != 0) {
                        insert(larger, known);
                    }
                }
                table = larger;
            }
            return true;
        }

        private static boolean insert(long[] table, long hash) {
            int mask = table.length - 1;
            int at = (int) (hash >>> 20) & mask;
            while (table[at] != 0) {
                if (table[at] == hash) {
                    return false;
                }
                at = (at + 1) & mask;
            }
            table[at] = hash;
            return true;
        }
    }
}
