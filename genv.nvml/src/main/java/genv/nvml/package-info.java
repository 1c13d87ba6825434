// SPDX-License-Identifier: Apache-2.0
/** The NVML backend; {@code docs/nvml.md} describes its parts. */
@NullMarked
package genv.nvml;

import org.jspecify.annotations.NullMarked;
