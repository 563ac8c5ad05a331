// SPDX-License-Identifier: GPL-2.0-only
import { notify } from './notice.ts';

/** Copies text; where the browser refuses, the notice says so. */
export function copyText(text: string): void {
  navigator.clipboard.writeText(text).catch(() => {
    notify(new Error('The browser did not allow copying'));
  });
}
