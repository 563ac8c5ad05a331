// SPDX-License-Identifier: GPL-2.0-only
// Before all tests: compiles the fixtures, installs the product for an ordinary user, and gives the machine what the tests
// need (huge pages, a swap file).
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { compileFixtures } from './compile.ts';
import { install } from './e2e/installed.ts';
import { createSwap, removeSwap } from './swap.ts';

const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';

export default function setup(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error('The tests look at real page tables: run them as root (sudo npm test).');
  // A guest uses the fixtures that the host has compiled.
  if (process.env.CR3SCOPE_GUEST === undefined) compileFixtures();

  const hugePages = readFileSync(HUGE_PAGES, 'utf8');
  writeFileSync(HUGE_PAGES, String(Number(hugePages) + 12));

  createSwap();
  // A guest opens no window.
  const folder = process.env.CR3SCOPE_GUEST === undefined ? install() : '';
  process.env.CR3SCOPE_INSTALLED = folder;
  return () => {
    if (folder) rmSync(folder, { recursive: true });
    removeSwap();
    writeFileSync(HUGE_PAGES, hugePages);
  };
}
