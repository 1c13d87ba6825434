// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

/** The state contradicts itself at one version: it was written to by something else. Never leaves the package. */
final class DamagedState extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DamagedState(String message) {
        super(message);
    }
}
