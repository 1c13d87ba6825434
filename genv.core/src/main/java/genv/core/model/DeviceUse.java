// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/**
 * How much of a device is in use.
 *
 * @param population how many environments it is attached to
 * @param whole how many of them have it whole
 * @param reserved the sum of the others' shares, bytes
 * @param total its memory in bytes as far as the state knows, or -1
 */
public record DeviceUse(int population, int whole, long reserved, long total) {}
