// SPDX-License-Identifier: GPL-2.0-only
// What the packages hold, what Debian's checkers say of it, and that it is the same whoever builds it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { built, field, version } from './built.ts';
import { checkOut } from './older.ts';

const DEBS = readdirSync('dist').filter((name) => name.endsWith('.deb'));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-packages-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(DEBS)('%s', (name) => {
  const deb = resolve('dist', name);

  test('has the version of package.json', () => {
    expect(field(deb, 'Version')).toBe(version);
  });

  test('has nothing that lintian objects to and packaging/debian does not explain', () => {
    const { stdout, stderr } = spawnSync('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], {
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
  });

  test('has shell scripts without faults', () => {
    const tree = join(folder, name);
    execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
    const files = (readdirSync(tree, { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[])
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const scripts = files.filter((file) =>
      /^#!\/bin\/(ba)?sh|^# shellcheck shell=/.test(readFileSync(file, 'latin1').slice(0, 80)),
    );
    if (scripts.length === 0) return;
    // What debhelper adds is its own business.
    const { stdout } = spawnSync('shellcheck', ['--severity=style', '--format=gcc', ...scripts], { encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line !== '' && !isDebhelpers(line))).toEqual([]);
  });
});

/** Whether a complaint is about lines that debhelper has put into a script. */
function isDebhelpers(complaint: string): boolean {
  const [, file = '', number = '0'] = /^(.*?):(\d+):/.exec(complaint) ?? [];
  const above = readFileSync(file, 'utf8').split('\n').slice(0, Number(number));
  return (
    above.findLastIndex((line) => line.startsWith('# Automatically added')) >
    above.findLastIndex((line) => line.startsWith('# End automatically'))
  );
}

test('the command line stays small', () => {
  expect(Number(field(built('cr3scope'), 'Installed-Size'))).toBeLessThan(45 * 1024);
});

test('the module’s source is what DKMS needs, with the version', () => {
  const conf = execFileSync('sh', [
    '-c',
    `dpkg-deb --fsys-tarfile ${built('cr3scope-dkms', 'all')} | tar -xO ./usr/src/cr3scope-${version}/dkms.conf`,
  ]);
  expect(String(conf)).toContain(`PACKAGE_VERSION="${version}"`);
});

test('the sums are those of the files, and the bill of materials names what is inside', () => {
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: 'dist' });
  const listed = readFileSync('dist/SHA256SUMS', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(66));
  expect([...listed, 'SHA256SUMS'].sort()).toEqual(readdirSync('dist').sort());
  const bill = JSON.parse(readFileSync(`dist/cr3scope_${version}.cdx.json`, 'utf8'));
  const inside = bill.components.filter((c: { scope: string }) => c.scope === 'required');
  const names = inside.map((c: { name: string }) => c.name);
  expect(names).toEqual(expect.arrayContaining(['react', 'zod', 'commander', 'libbpf-dev']));
  expect(names).not.toContain('typescript');
});

test('two builds of one commit are the same, byte for byte', () => {
  const builds = [
    { name: 'a', umask: '022', env: { TZ: 'UTC', LC_ALL: 'C.UTF-8', HOME: '/root' } },
    { name: 'another/folder', umask: '077', env: { TZ: 'Asia/Kathmandu', LC_ALL: 'C', HOME: folder } },
  ];
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  const sums = builds.map(({ name, umask, env }) => {
    const checkout = join(folder, name);
    checkOut(commit, checkout);
    execFileSync('sh', ['-c', `umask ${umask}; npm run --silent package`], {
      cwd: checkout,
      // A cache of compiled files would hide what differs.
      env: { ...process.env, ...env, CCACHE_DISABLE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(join(checkout, 'dist/SHA256SUMS'), 'utf8');
  });
  expect(sums[1]).toBe(sums[0]);
  const names = sums[0]
    ?.trim()
    .split('\n')
    .map((line) => line.slice(66));
  expect(names).toEqual(
    readdirSync('dist')
      .filter((name) => name !== 'SHA256SUMS')
      .sort(),
  );
});
