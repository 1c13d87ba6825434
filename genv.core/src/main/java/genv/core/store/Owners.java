// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.model.EnvBlock;
import genv.core.os.Users;

/** The user as whom this process runs, in the form in which every store writes it. */
final class Owners {
    private static final int LONGEST_NAME = 64;

    private Owners() {}

    static EnvBlock.Owner current() {
        String name = Users.userName();
        return new EnvBlock.Owner(
                Integer.toUnsignedLong(Users.effectiveUserId()),
                name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME));
    }
}
