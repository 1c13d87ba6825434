// SPDX-License-Identifier: Apache-2.0

/** Programs that use genv. They name its API alone. */
module genv.examples {
    requires genv.api;
    requires jdk.jfr;
    requires static org.jspecify;
}
