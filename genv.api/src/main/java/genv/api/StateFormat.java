// SPDX-License-Identifier: Apache-2.0
package genv.api;

/**
 * How the state of a state directory is kept. The directory decides: what is in it is used, and an empty one becomes
 * {@link #MAPPED}. {@link GenvHost#convert} changes it.
 */
public enum StateFormat {
    /** One file, {@code genv.state}, mapped by every process: everything that this library can do. */
    MAPPED,
    /**
     * The files of Python Genv, {@code envs.json} and {@code devices.json}, under its locks: for hosts that run Genv as
     * well. Requests do not wait in a queue, and locks are exclusive, since the files have no place for more.
     */
    JSON
}
