// SPDX-License-Identifier: GPL-2.0-only
// If a program is killed, the next one removes its folder of temporary files, and nothing else.
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-scratch-test-'));
const temporary = join(folder, 'tmp');
const own = join(folder, 'own.cr3scope');
const env = { ...process.env, TMPDIR: temporary };
afterAll(() => rmSync(folder, { recursive: true }));
const diff = () => spawnSync(process.execPath, ['out/main/cli.cjs', 'diff', own], { env }).status;

beforeAll(() => {
  mkdirSync(temporary);
  expect(spawnSync(process.execPath, ['out/main/cli.cjs', 'report', '--all', '-o', own]).status).toBe(0);
});

test('a killed program’s temporary files go when the next program starts', async () => {
  const child = spawn(process.execPath, ['out/main/cli.cjs', 'diff', own], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  while (readdirSync(temporary).length === 0) await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  const [left = ''] = readdirSync(temporary);
  expect(left).toMatch(/^cr3scope-/);

  // What another program still uses, and what only has such a name, stays.
  const running = left.replace(/-\d+-\d+-(\w{6})$/, '-1-0-$1');
  const startOfInit = spawnSync('cut', ['-d', ' ', '-f', '22', '/proc/1/stat'], { encoding: 'utf8' }).stdout.trim();
  const live = running.replace('-1-0-', `-1-${startOfInit}-`);
  const elsewhere = left.replace(/^(cr3scope-\w+)-\d+-/, '$1-1-');
  for (const name of [live, elsewhere, 'cr3scope-mine']) mkdirSync(join(temporary, name));
  const target = join(folder, 'target');
  mkdirSync(target);
  writeFileSync(join(target, 'kept'), '');
  symlinkSync(target, join(temporary, running));
  expect([0, 1]).toContain(diff());
  expect(readdirSync(temporary).sort()).toEqual([live, elsewhere, running, 'cr3scope-mine'].sort());
  expect(readdirSync(target)).toEqual(['kept']);
});

test('a folder that cannot be removed does not stop the next program', () => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  const name = `cr3scope-${boot}-${namespace}-1-0-abcdef`; // the first process did not start at 0
  const mounted = join(temporary, name, 'mounted');
  mkdirSync(mounted, { recursive: true });
  expect(spawnSync('mount', ['-t', 'tmpfs', 'none', mounted]).status).toBe(0);
  try {
    expect([0, 1]).toContain(diff());
    expect(readdirSync(temporary)).toContain(name);
  } finally {
    spawnSync('umount', [mounted]);
    rmSync(join(temporary, name), { recursive: true });
  }
});
