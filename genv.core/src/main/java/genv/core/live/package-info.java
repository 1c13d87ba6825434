// SPDX-License-Identifier: Apache-2.0
/**
 * Who is alive.
 *
 * <p>A process that takes part locks one byte of the live file for its life ({@link LifeLocks}); the kernel frees it the
 * moment the process ends, whatever ended it. Processes that do not take part themselves are judged by their pid and
 * start time ({@link ProcessIdentity}).
 */
@NullMarked
package genv.core.live;

import org.jspecify.annotations.NullMarked;
