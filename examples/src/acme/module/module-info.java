// SPDX-License-Identifier: Apache-2.0

/** A device backend as its author would write it; docs/backends.md explains it. */
module com.acme.genv {
    requires genv.api;

    provides genv.api.spi.DeviceBackend with
            com.acme.genv.AcmeBackend;
}
