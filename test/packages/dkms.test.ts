// SPDX-License-Identifier: GPL-2.0-only
// The package of the module: DKMS builds it for each kernel, and in a guest with Debian's kernel it is loaded and becomes the
// third source.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchKernel } from '../guest/kernels.ts';
import { boot, variant } from '../guest/qemu.ts';
import { built, OLDER, olderPackage, version } from './built.ts';
import { Root } from './root.ts';

const [kernel, next] = [fetchKernel('6.1'), fetchKernel('6.12')];
let root: Root;

/** A root with the headers of the first kernel and what DKMS needs. */
beforeEach(() => {
  root = new Root('bookworm');
  root.addSuite('bookworm-security');
  root.apt('update');
  root.apt('install', 'dkms', 'gcc', 'libc6-dev', 'kmod', `linux-headers-${kernel.release}`);
});
afterEach(() => root.close());

/** What DKMS has installed: "0.3.0 6.1.0-56-amd64". */
const modules = () =>
  [...root.must('dkms', 'status', 'cr3scope').matchAll(/^cr3scope\/([\d.]+), ([^,]+), x86_64: installed$/gm)]
    .map(([, itsVersion, release]) => `${itsVersion} ${release}`)
    .sort();

test('DKMS builds it for each kernel and each version, keeps settings, and leaves nothing', () => {
  olderPackage('cr3scope-dkms', 'all', join(root.folder, 'tmp'), 'usr/src/older');
  root.apt('install', `/tmp/cr3scope-dkms_${OLDER}_all.deb`);
  expect(modules()).toEqual([`${OLDER} ${kernel.release}`]);

  const settings = join(root.folder, 'etc/modprobe.d/cr3scope-dkms.conf');
  expect(readFileSync(settings, 'utf8')).toMatch(/^#softdep /m);
  appendFileSync(settings, '# mine\n');
  const keep = ['-o', 'Dpkg::Options::=--force-confold'];
  root.apt(...keep, 'install', root.give(built('cr3scope-dkms', 'all')));
  expect(modules()).toEqual([`${version} ${kernel.release}`]);
  expect(readFileSync(settings, 'utf8')).toMatch(/# mine\n$/);

  root.apt('install', `linux-headers-${next.release}`);
  expect(modules()).toEqual([`${version} ${kernel.release}`, `${version} ${next.release}`].sort());
  const vermagic = root.must('modinfo', '-k', next.release, '-F', 'vermagic', 'cr3scope');
  expect(vermagic).toMatch(new RegExp(`^${next.release.replaceAll(/[.+]/g, '\\$&')} `));

  root.apt('purge', 'cr3scope-dkms');
  // The list is compared by name: the next kernel brings files of its own.
  expect(root.files().filter((file) => file.includes('cr3scope'))).toEqual([]);
});

test('installed in a guest, it is built and loaded, and check has three sources', async () => {
  // A guest has no network: what the packages need is there before.
  root.apt('install', 'nodejs', 'libbpf1');
  root.give(built('cr3scope'));
  root.give(built('cr3scope-dkms', 'all'));
  const inside = `node_modules/.bin/node test/packages/inside.ts ${root.folder}`;
  const { output, code } = await boot(kernel, undefined, variant('smp'), inside, { timeoutMs: 19 * 60_000 });
  const parts = [...output.matchAll(/^===part (\S+) (pass|FAIL)/gm)].map(([, name, word]) => `${name} ${word}`);
  expect(parts, output).toEqual(['install pass', 'check pass', 'doctor pass', 'course pass', 'remove pass']);
  expect(code).toBe(0);
});
