// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceSample;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * What a backend says of the devices for a placement policy; taken before the state is looked at.
 *
 * @param devices by index: what does not change
 * @param samples by index: what is reported at the moment; devices that could not be measured are missing
 * @param users by index: the processes that use a device, each by its pid and with the pids of its ancestors
 * @param connections how close two devices are; its answers are known already, so that asking costs nothing
 */
public record Survey(
        Map<Integer, Device> devices,
        Map<Integer, DeviceSample> samples,
        Map<Integer, Map<Long, long[]>> users,
        BiFunction<Integer, Integer, Optional<Closeness>> connections) {}
