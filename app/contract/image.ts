// SPDX-License-Identifier: GPL-2.0-only
// What a memory image has that a machine does not.

/**
 * The address space of a root that the user names is listed as a process with this PID, which Linux never gives
 * (native/core/image/image_system.h). Commands take the word "root" for it.
 */
export const NAMED_ROOT_PID = 1 << 22;
