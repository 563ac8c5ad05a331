// SPDX-License-Identifier: GPL-2.0-only
// In a guest: command line and module installed by apt and used with three sources, a kernel upgraded, the module removed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { version } from '../built.ts';
import { testCommands } from '../commands.ts';
import { modules } from '../dkms.ts';
import { Root } from '../root.ts';

const root = new Root(process.env.CR3SCOPE_ROOT as string);
const next = process.env.CR3SCOPE_NEXT_KERNEL as string;
const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
const isLoaded = () => existsSync('/sys/module/cr3scope');

test('apt installs it; DKMS builds it for this kernel, and it is loaded', () => {
  root.apt('install', `/tmp/cr3scope_${version}_amd64.deb`, `/tmp/cr3scope-dkms_${version}_all.deb`);
  expect(modules(root)).toEqual([`${version} ${release}`]);
  expect(readFileSync('/sys/module/cr3scope/version', 'utf8').trim()).toBe(version);
});

testCommands(() => root, 3);

test('with the headers of the next kernel, it is built for that, too', () => {
  root.apt('install', `linux-headers-${next}`);
  expect(modules(root)).toEqual([`${version} ${release}`, `${version} ${next}`].sort());
  expect(root.must('modinfo', '-k', next, '-F', 'vermagic', 'cr3scope')).toContain(`${next} `);
});

test('course mode is off until root turns it on', () => {
  expect(existsSync('/proc/cr3')).toBe(false);
  const settings = join(root.folder, 'etc/modprobe.d/cr3scope-dkms.conf');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('#softdep', 'softdep'));
  root.must('sh', '-c', 'rmmod cr3scope && modprobe cr3scope');
  expect(existsSync('/proc/cr3')).toBe(true);
});

test('purge unloads it and leaves nothing', () => {
  root.apt('purge', 'cr3scope-dkms', 'cr3scope');
  expect(isLoaded()).toBe(false);
  expect(root.files().filter((file) => file.includes('cr3scope'))).toEqual([]);
});
