// SPDX-License-Identifier: GPL-2.0-only
// The packages in dist/, which `npm run test:packages` has built before the tests.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };

export const { version } = packageFile;

/** Where a package is. */
export const built = (name: string, architecture = 'amd64') => resolve(`dist/${name}_${version}_${architecture}.deb`);

/** A field of its control file. */
export const field = (deb: string, name: string) =>
  execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();

export const OLDER = '0.2.9';

/**
 * The same package with a lower version and a file that the newer one lacks, in `folder`: there is no older release to
 * upgrade from. Returns its path.
 */
export function olderPackage(name: string, architecture: string, folder: string, leftOver: string): string {
  const tree = mkdtempSync(join(tmpdir(), 'cr3scope-older-'));
  execFileSync('dpkg-deb', ['--raw-extract', built(name, architecture), tree]);
  const source = join(tree, 'usr/src/cr3scope-');
  if (existsSync(source + version)) renameSync(source + version, source + OLDER);
  for (const name of [
    ...readdirSync(join(tree, 'DEBIAN')).map((file) => `DEBIAN/${file}`),
    `usr/src/cr3scope-${OLDER}/dkms.conf`,
  ]) {
    const file = join(tree, name);
    if (existsSync(file)) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(version, OLDER));
  }
  writeFileSync(join(tree, leftOver), 'only in the older version\n');
  const older = join(folder, `${name}_${OLDER}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, older]);
  rmSync(tree, { recursive: true });
  return older;
}
