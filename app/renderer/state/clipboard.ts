// SPDX-License-Identifier: GPL-2.0-only
import { notify } from './notice.ts';

/** Copies text. If the browser refuses, a notice says so. */
export function copyText(text: string): void {
  navigator.clipboard.writeText(text).catch(() => {
    notify(new Error('The browser did not allow copying'));
  });
}
