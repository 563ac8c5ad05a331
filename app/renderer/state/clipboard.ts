// SPDX-License-Identifier: GPL-2.0-only
import { attempt } from './notice.ts';

const write = (text: string): Promise<void> =>
  navigator.clipboard.writeText(text).catch(() => {
    throw new Error('The browser did not allow copying');
  });

/** Copies text. If the browser refuses, a notice says so. */
export const copyText = (text: string): void => void attempt(() => write(text));

/** The same for text that is read first. If it can't be, a notice says why. */
export const copyLater = (text: () => Promise<string>): void => void attempt(() => text().then(write));
