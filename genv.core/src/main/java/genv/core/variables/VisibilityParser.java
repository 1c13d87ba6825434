// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.spi.Device;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Reads the value of one visibility variable; the rules are at {@link VisibleDevices#parse}. */
final class VisibilityParser {
    private static final Pattern INDEX = Pattern.compile("[0-9]{1,9}");
    private static final int SHOWN_LENGTH = 200;

    private final String variable;
    private final String text;
    private final List<Device> devices;

    /** The lowest index from which on indices no longer count as {@code nvidia-smi} does. */
    private final int firstInstance;

    VisibilityParser(String variable, String text, List<Device> devices) {
        this.variable = variable;
        this.text = text;
        this.devices = devices;
        this.firstInstance = devices.stream()
                .filter(device -> device.parentUuid().isPresent())
                .mapToInt(Device::index)
                .min()
                .orElse(Integer.MAX_VALUE);
    }

    VisibleDevices parse() {
        TreeSet<Integer> indices = new TreeSet<>();
        String[] entries = text.split(",", -1);
        for (String entry : entries) {
            String name = entry.strip();
            List<Device> named = named(name);
            if (named.isEmpty()) {
                // An empty text is how "none" is written, not a mistake to explain.
                return only(indices, text.isEmpty() ? Optional.empty() : Optional.of("ends at '" + shown(name) + "'"));
            }
            for (Device device : named) {
                if (!indices.add(device.index())) {
                    return only(new TreeSet<>(), Optional.of("'" + shown(name) + "' repeats device " + device.index()));
                }
            }
        }
        return only(indices, Optional.empty());
    }

    private VisibleDevices.Only only(SortedSet<Integer> indices, Optional<String> stop) {
        return new VisibleDevices.Only(variable, shown(text), indices, stop);
    }

    /** Returns the devices that an entry names: none where it is invalid, several where it names MIG instances. */
    private List<Device> named(String name) {
        if (INDEX.matcher(name).matches()) {
            int index = Integer.parseInt(name);
            return index >= firstInstance ? List.of() : matching(device -> device.index() == index);
        }
        List<Device> exact = matching(device -> isNamed(device, name::equals));
        if (!exact.isEmpty()) {
            return exact;
        }
        List<Device> instances =
                matching(device -> device.parentUuid().filter(name::equals).isPresent());
        if (!instances.isEmpty()) {
            return instances;
        }
        if (!isAbbreviation(name)) {
            return List.of();
        }
        List<Device> abbreviated = matching(device -> isNamed(device, full -> full.startsWith(name)));
        List<String> parents = devices.stream()
                .flatMap(device -> device.parentUuid().stream())
                .filter(parent -> parent.startsWith(name)
                        && matching(device -> isNamed(device, parent::equals)).isEmpty())
                .distinct()
                .toList();
        if (abbreviated.size() + parents.size() != 1) {
            return List.of();
        }
        return parents.isEmpty()
                ? abbreviated
                : matching(device -> device.parentUuid().equals(Optional.of(parents.get(0))));
    }

    private List<Device> matching(Predicate<Device> condition) {
        return devices.stream().filter(condition).toList();
    }

    private static boolean isNamed(Device device, Predicate<String> condition) {
        return condition.test(device.uuid())
                || device.visibleName().filter(condition).isPresent();
    }

    /** A kind and at least one character of the identifier: {@code GPU-8}. A path of MIG instances is never cut. */
    private static boolean isAbbreviation(String name) {
        int dash = name.indexOf('-');
        return dash > 0 && dash < name.length() - 1 && name.indexOf('/') < 0;
    }

    /** Makes foreign text fit for a message. */
    private static String shown(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", "?");
        return clean.length() <= SHOWN_LENGTH ? clean : clean.substring(0, SHOWN_LENGTH) + "…";
    }
}
