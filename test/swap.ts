// SPDX-License-Identifier: GPL-2.0-only
// The swap file of the tests. Memory pressure on the machine may fill it with other processes' pages while they run.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

// A guest's root file system lies in RAM and can hold no swap file; it has a disk for it.
const SWAP_FILE = resolve(process.env.CR3SCOPE_SWAP_FOLDER ?? 'out/fixtures', 'swap');

const swapOn = () => execFileSync('/sbin/swapon', [SWAP_FILE]);
const swapOff = () => execFileSync('/sbin/swapoff', [SWAP_FILE]);

/** Size and use of the swap file, both in KiB; nothing where it is not in use. */
function usage(): { size: number; used: number } | undefined {
  const rows = readFileSync('/proc/swaps', 'utf8')
    .split('\n')
    .map((line) => line.split(/\s+/));
  const row = rows.find(([path]) => path === SWAP_FILE);
  return row && { size: Number(row[2]), used: Number(row[3]) };
}

export function createSwap(): void {
  // A run that was killed may have left it in use.
  removeSwap();
  execFileSync('dd', ['if=/dev/zero', `of=${SWAP_FILE}`, 'bs=1M', 'count=64', 'status=none']);
  chmodSync(SWAP_FILE, 0o600);
  execFileSync('/sbin/mkswap', [SWAP_FILE], { stdio: 'ignore' });
  swapOn();
}

export function removeSwap(): void {
  if (usage()) swapOff();
  rmSync(SWAP_FILE, { force: true });
}

/** Makes sure that half of the swap file is free, and says so where it was not. */
export function makeRoomInSwap(): void {
  const now = usage();
  if (now && now.used < now.size / 2) return;
  console.warn(now ? `${now.used} of ${now.size} KiB of the swap file were in use.` : 'The swap file was turned off.');
  if (now) swapOff();
  swapOn();
}
