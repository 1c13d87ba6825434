// SPDX-License-Identifier: Apache-2.0
/** Kills of processes that share the files of Python Genv, beside Python processes that use them as Genv does. */
@NullMarked
package genv.faults.json;

import org.jspecify.annotations.NullMarked;
