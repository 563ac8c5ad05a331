// SPDX-License-Identifier: GPL-2.0-only
/** Lets other work of the event loop run: requests are answered, and cancellations take effect. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
