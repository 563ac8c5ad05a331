// SPDX-License-Identifier: GPL-2.0-only
// The package of the module: upgraded and removed in a root, and used in a guest with Debian's kernel.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchKernel } from '../guest/kernels.ts';
import { built, version } from './built.ts';
import { modules } from './dkms.ts';
import { testInGuest } from './in-guest.ts';
import { OLDER, older } from './older.ts';
import { Root } from './root.ts';

const [kernel, next] = [fetchKernel('6.1'), fetchKernel('6.12')];
let root: Root;

/** A root with the headers of the first kernel and what DKMS needs. */
beforeEach(() => {
  root = Root.fresh('bookworm');
  root.addSuite('bookworm-security');
  root.apt('update');
  root.apt('install', 'dkms', 'gcc', 'libc6-dev', 'kmod', `linux-headers-${kernel.release}`);
});
afterEach(() => root.close());

test('an upgrade builds the new version, keeps settings, and removes the old one; purge leaves nothing', () => {
  const before = root.files();
  root.apt('install', root.give(older('cr3scope-dkms', 'all')));
  expect(modules(root)).toEqual([`${OLDER} ${kernel.release}`]);

  const settings = join(root.folder, 'etc/modprobe.d/cr3scope-dkms.conf');
  expect(readFileSync(settings, 'utf8')).toMatch(/^#softdep /m);
  appendFileSync(settings, '# mine\n');
  root.apt('-o', 'Dpkg::Options::=--force-confold', 'install', root.give(built('cr3scope-dkms', 'all')));
  expect(modules(root)).toEqual([`${version} ${kernel.release}`]);
  expect(readFileSync(settings, 'utf8')).toMatch(/# mine\n$/);

  root.apt('purge', 'cr3scope-dkms');
  // DKMS has had depmod write the kernel's own lists of modules.
  const lists = `usr/lib/modules/${kernel.release}/modules.`;
  expect(root.files().filter((file) => !before.includes(file) && !file.includes(lists))).toEqual([]);
  expect(readFileSync(join(root.folder, `${lists}dep`), 'utf8')).not.toContain('cr3scope');
});

test('installed in a guest, it is built and loaded, and check has three sources', async () => {
  // A guest has no network: what the packages need, and the next kernel's headers, are there before.
  root.apt('install', 'nodejs', 'libbpf1');
  root.apt('install', '--download-only', `linux-headers-${next.release}`);
  // They bring the kernel's image, whose initramfs would take the emulated CPU half an hour.
  root.must('dpkg-divert', '--local', '--rename', '--add', '/usr/sbin/update-initramfs');
  root.must('ln', '-s', '/bin/true', '/usr/sbin/update-initramfs');
  root.give(built('cr3scope'));
  root.give(built('cr3scope-dkms', 'all'));
  await testInGuest(root, kernel, 'module', { CR3SCOPE_NEXT_KERNEL: next.release });
});
