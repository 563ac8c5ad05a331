// SPDX-License-Identifier: GPL-2.0-only
import { notify } from './notice.ts';

/** Copies text. If the browser refuses, a notice says so. */
export function copyText(text: string): void {
  navigator.clipboard.writeText(text).catch(() => {
    notify(new Error('The browser did not allow copying'));
  });
}

/** The same for text that is read first. If it can't be, a notice says why. */
export function copyLater(text: () => Promise<string>): void {
  text().then(copyText, notify);
}
