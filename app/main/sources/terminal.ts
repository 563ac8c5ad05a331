// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, openSync } from 'node:fs';

/** Whether there is a terminal to ask in, whatever the standard streams are. */
export function hasTerminal(): boolean {
  if (process.platform === 'win32') return Boolean(process.stdin.isTTY);
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
