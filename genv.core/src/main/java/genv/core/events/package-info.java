// SPDX-License-Identifier: Apache-2.0
/**
 * What JDK Flight Recorder is told: one class for each event, and {@link genv.core.events.FlightEvents}, through which all
 * others begin one.
 *
 * <p>The module {@code jdk.jfr} may be missing. So a class that extends {@code jdk.jfr.Event} is named here alone, behind a
 * check; the others see interfaces, and null where nobody records.
 */
@NullMarked
package genv.core.events;

import org.jspecify.annotations.NullMarked;
