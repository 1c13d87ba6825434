// SPDX-License-Identifier: Apache-2.0
/** What an operator sees: Flight Recorder's events, log messages, and the snapshot as JSON. */
@NullMarked
package genv.it.seeing;

import org.jspecify.annotations.NullMarked;
