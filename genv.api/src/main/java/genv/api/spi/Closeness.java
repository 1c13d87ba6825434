// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

/** How two devices are connected, from the closest to the farthest: a smaller ordinal is closer. */
public enum Closeness {
    /** On one board. */
    SAME_BOARD,
    /** By direct links between the devices, such as NVLink. */
    NVLINK,
    /** Through one PCIe switch. */
    SINGLE_SWITCH,
    /** Through several PCIe switches, but no host bridge. */
    MULTIPLE_SWITCHES,
    /** Through one PCIe host bridge. */
    HOST_BRIDGE,
    /** Through several host bridges of one NUMA node. */
    NUMA_NODE,
    /** Through the links between NUMA nodes. */
    SYSTEM
}
