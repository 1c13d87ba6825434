// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.stream.Collectors;

/** A state directory as Python Genv leaves it, with two devices of 16g. */
record PythonState(Path directory) {
    static PythonState create(Path parent) throws IOException {
        Path directory = Files.createDirectory(parent.resolve("state"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        PythonState state = new PythonState(directory);
        state.envs();
        return state;
    }

    /** An environment in the file's form. */
    static String env(String eid, LocalDateTime created, long... pids) {
        return """
            {"eid": "%s", "uid": 0, "creation": "%s", "username": "root",
             "config": {"name": "x", "gpu_memory": "4g", "gpus": 1}, "pids": %s, "kernel_ids": []}\
            """.formatted(eid, time(created), Arrays.toString(pids));
    }

    static String time(LocalDateTime time) {
        return DateTimeFormatter.ofPattern("dd/MM/uuuu HH:mm:ss").format(time);
    }

    /** Says which environments there are. */
    Path envs(String... envs) throws IOException {
        return write("envs.json", "{\"envs\": [" + String.join(", ", envs) + "]}");
    }

    /** Says to which environments the devices 0, 1 and so on are attached, each with 4g; empty for none. */
    Path devices(String... eids) throws IOException {
        String now = time(LocalDateTime.now(ZoneId.systemDefault()));
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < eids.length; i++) {
            String attachments = Arrays.stream(eids[i].split(" ", -1))
                    .filter(eid -> !eid.isEmpty())
                    .map(eid -> "{\"eid\": \"%s\", \"gpu_memory\": \"4g\", \"time\": \"%s\"}".formatted(eid, now))
                    .collect(Collectors.joining(", "));
            list.append(i == 0 ? "" : ", ")
                    .append("{\"index\": %d, \"total_memory\": \"15258mi\", \"attachments\": [%s]}"
                            .formatted(i, attachments));
        }
        return write("devices.json", "{\"devices\": [" + list + "]}");
    }

    private Path write(String name, String content) throws IOException {
        Path file = Files.writeString(directory.resolve(name), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        return file;
    }

    String envsText() throws IOException {
        return Files.readString(directory.resolve("envs.json"));
    }

    String devicesText() throws IOException {
        return Files.readString(directory.resolve("devices.json"));
    }

    GenvHost open() {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(2, "16g"))
                .processEnvironment(false)
                .build());
    }
}
