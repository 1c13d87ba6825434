// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Knows the file systems that several hosts may share.
 *
 * <p>On them a mapped word is not the same for all, and locks may be none: two hosts would hand out each their own
 * devices from one state. A list of names can only be those that are known; one that is not on it counts as local.
 */
final class NetworkFileSystems {
    private static final Set<String> TYPES = Set.of(
            "9p",
            "acfs",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "davfs",
            "fhgfs",
            "gfs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "kafs",
            "lustre",
            "mmfs",
            "ncp",
            "ncpfs",
            "nfs",
            "nfs3",
            "nfs4",
            "ocfs2",
            "orangefs",
            "panfs",
            "pvfs2",
            "smb",
            "smb2",
            "smb3",
            "smbfs",
            "vboxsf",
            "vmhgfs",
            "wekafs");

    /** After {@code fuse.}: those that reach other hosts. FUSE itself is local as often as not. */
    private static final Set<String> FUSE_TYPES = Set.of(
            "blobfuse",
            "blobfuse2",
            "ceph",
            "ceph-fuse",
            "cephfs",
            "curlftpfs",
            "davfs",
            "davfs2",
            "gcsfuse",
            "glusterfs",
            "goofys",
            "juicefs",
            "lizardfs",
            "mfs",
            "moosefs",
            "mount-s3",
            "mountpoint-s3",
            "rclone",
            "s3fs",
            "seaweedfs",
            "sshfs",
            "vmhgfs-fuse");

    private NetworkFileSystems() {}

    /** The type of the file system that holds this path, if it is one that hosts share. */
    static Optional<String> typeOf(Path path) {
        try {
            return Optional.of(Files.getFileStore(path).type()).filter(NetworkFileSystems::isShared);
        } catch (IOException noMountTable) {
            // inside some sandboxes the table of mounts does not show where the path is
            return Optional.empty();
        }
    }

    /** Whether this is the type, as in the table of mounts, of a file system that hosts share. */
    static boolean isShared(String type) {
        String lower = type.toLowerCase(Locale.ROOT);
        return lower.startsWith("fuse.") ? FUSE_TYPES.contains(lower.substring(5)) : TYPES.contains(lower);
    }
}
