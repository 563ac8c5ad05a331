// SPDX-License-Identifier: GPL-2.0-only
// Before all tests: compiles the fixtures, installs the product for an ordinary user, and gives the machine what the tests
// need (huge pages, a swap file).
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compileFixtures } from './compile.ts';
import { install } from './e2e/installed.ts';

// A guest's root file system lies in RAM and can hold no swap file; it has a disk for it.
const SWAP_FILE = resolve(process.env.CR3SCOPE_SWAP_FOLDER ?? 'out/fixtures', 'swap');
const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';

export default function setup(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error('The tests look at real page tables: run them as root (sudo npm test).');
  // A guest uses the fixtures that the host has compiled.
  if (process.env.CR3SCOPE_GUEST === undefined) compileFixtures();

  const hugePages = readFileSync(HUGE_PAGES, 'utf8');
  writeFileSync(HUGE_PAGES, String(Number(hugePages) + 12));

  // A run that was killed may have left it in use.
  if (readFileSync('/proc/swaps', 'utf8').includes(`${SWAP_FILE} `)) execFileSync('/sbin/swapoff', [SWAP_FILE]);
  rmSync(SWAP_FILE, { force: true });
  execFileSync('dd', ['if=/dev/zero', `of=${SWAP_FILE}`, 'bs=1M', 'count=64', 'status=none']);
  chmodSync(SWAP_FILE, 0o600);
  execFileSync('/sbin/mkswap', [SWAP_FILE], { stdio: 'ignore' });
  execFileSync('/sbin/swapon', [SWAP_FILE]);
  // A guest opens no window.
  const folder = process.env.CR3SCOPE_GUEST === undefined ? install() : '';
  process.env.CR3SCOPE_INSTALLED = folder;
  return () => {
    if (folder) rmSync(folder, { recursive: true });
    execFileSync('/sbin/swapoff', [SWAP_FILE]);
    rmSync(SWAP_FILE);
    writeFileSync(HUGE_PAGES, hugePages);
  };
}
