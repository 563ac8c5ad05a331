// SPDX-License-Identifier: GPL-2.0-only
/** Lets others have their turn: what is asked meanwhile is answered, and what is cancelled ends. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
