// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.peer;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * The state in SQLite, with a write-ahead log, prepared statements and one connection a thread.
 *
 * <p>{@code synchronous=OFF}: nothing waits for the disk, and a crash of a process loses nothing. Each operation is one
 * transaction, which takes the write lock at its beginning.
 */
public final class SqlitePeer implements Peer {
    /** SQLITE_BUSY of the list of result codes, https://www.sqlite.org/rescode.html. */
    private static final int BUSY = 5;

    private final Connection connection;
    private final PreparedStatement begin;
    private final PreparedStatement commit;
    private final PreparedStatement addEnv;
    private final PreparedStatement removeEnv;
    private final PreparedStatement take;
    private final PreparedStatement give;
    private final PreparedStatement lock;
    private final PreparedStatement unlock;
    private final PreparedStatement envs;
    private final PreparedStatement attachments;
    private final long pid = ProcessHandle.current().pid();

    /** Opens the state in a directory; the first one makes it. */
    public SqlitePeer(Path directory) {
        try {
            connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("state.db"));
            try (Statement statement = connection.createStatement()) {
                statement.execute("pragma busy_timeout=60000");
                keepWriteAheadLog(statement);
                statement.execute("pragma synchronous=off");
                statement.execute("create table if not exists env (eid text primary key, pid integer, user text,"
                        + " created integer, gpus integer) without rowid");
                statement.execute(
                        "create table if not exists device (number integer primary key, eid text," + " locked text)");
                for (int i = 0; i < DEVICES; i++) {
                    statement.execute("insert or ignore into device (number) values (" + i + ")");
                }
            }
            begin = connection.prepareStatement("begin immediate");
            commit = connection.prepareStatement("commit");
            addEnv = connection.prepareStatement("insert into env values (?, ?, 'somebody', ?, ?)");
            removeEnv = connection.prepareStatement("delete from env where eid = ?");
            take = connection.prepareStatement("update device set eid = ? where number in"
                    + " (select number from device where eid is null order by number limit ?)");
            give = connection.prepareStatement("update device set eid = null, locked = null where eid = ?");
            lock = connection.prepareStatement("update device set locked = eid where eid = ? and locked is null");
            unlock = connection.prepareStatement("update device set locked = null where locked = ?");
            envs = connection.prepareStatement("select eid, pid, user, created, gpus from env");
            attachments = connection.prepareStatement("select number, eid, locked from device where eid is not null");
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** While another connection does so it is refused at once, whatever the time to wait. */
    private static void keepWriteAheadLog(Statement statement) throws SQLException {
        while (true) {
            try {
                statement.execute("pragma journal_mode=wal");
                return;
            } catch (SQLException e) {
                if (e.getErrorCode() != BUSY) {
                    throw e;
                }
                Thread.onSpinWait();
            }
        }
    }

    private static IllegalStateException failed(SQLException e) {
        return new IllegalStateException("sqlite failed: " + e.getMessage(), e);
    }

    private interface Body {
        void run() throws SQLException;
    }

    private void transaction(Body body) {
        try {
            begin.executeUpdate();
            body.run();
            commit.executeUpdate();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private void takeDevices(String eid, int gpus) throws SQLException {
        take.setString(1, eid);
        take.setInt(2, gpus);
        if (take.executeUpdate() != gpus) {
            throw new IllegalStateException("not enough devices: gpus=" + gpus);
        }
    }

    private static void with(PreparedStatement statement, String eid) throws SQLException {
        statement.setString(1, eid);
        statement.executeUpdate();
    }

    private void add(String eid, int gpus) throws SQLException {
        addEnv.setString(1, eid);
        addEnv.setLong(2, pid);
        addEnv.setLong(3, System.currentTimeMillis());
        addEnv.setInt(4, gpus);
        addEnv.executeUpdate();
    }

    @Override
    public void activate(String eid, int gpus) {
        transaction(() -> {
            add(eid, gpus);
            if (gpus > 0) {
                takeDevices(eid, gpus);
            }
        });
    }

    @Override
    public void leave(String eid) {
        transaction(() -> {
            with(removeEnv, eid);
            with(give, eid);
        });
    }

    @Override
    public void attach(String eid, int gpus) {
        transaction(() -> takeDevices(eid, gpus));
    }

    @Override
    public void detach(String eid) {
        transaction(() -> with(give, eid));
    }

    @Override
    public void lock(String eid) {
        transaction(() -> with(lock, eid));
    }

    @Override
    public void unlock(String eid) {
        transaction(() -> with(unlock, eid));
    }

    @Override
    public int snapshot() {
        try {
            int rows = 0;
            begin.executeUpdate();
            try (ResultSet found = envs.executeQuery()) {
                while (found.next()) {
                    rows += found.getString(1).isEmpty() || found.getLong(2) == 0 ? 0 : 1;
                }
            }
            try (ResultSet found = attachments.executeQuery()) {
                while (found.next()) {
                    rows += found.getString(2).isEmpty() ? 0 : 1;
                }
            }
            commit.executeUpdate();
            return rows;
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** All in one transaction. */
    @Override
    public void populate(int environments) {
        transaction(() -> {
            for (int i = 0; i < environments; i++) {
                add("live-" + i, 0);
            }
        });
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failed(e);
        }
    }
}
