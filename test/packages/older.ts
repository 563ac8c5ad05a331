// SPDX-License-Identifier: GPL-2.0-only
// What people upgrade from. No release has had packages yet, so they are built from an earlier commit that had them all. Its
// package.json has the same version as this one, so there it gets a lower number.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE } from '../guest/apt.ts';

const COMMIT = '1b6cb1176c2006b61bde8e0425f012eacb972cfd';
export const OLDER = '0.2.9';

/**
 * A new checkout of a commit in `folder` with this one's npm packages, which are those of the lock file in any case: where it
 * is another one, `npm run package` fetches them.
 */
export function checkOut(commit: string, folder: string): void {
  execFileSync('git', ['clone', '-q', '--no-checkout', '.', folder]);
  execFileSync('git', ['checkout', '-q', commit], { cwd: folder });
  execFileSync('cp', ['-al', 'node_modules', folder]);
  mkdirSync(join(folder, 'out/stamps'), { recursive: true });
  cpSync('out/stamps/npm', join(folder, 'out/stamps/npm'));
}

/** Builds the older packages, once; returns the path of one. */
export function older(name: string, architecture = 'amd64'): string {
  const folder = join(CACHE, 'older', COMMIT);
  if (!existsSync(folder)) {
    console.error(`building the packages of ${COMMIT.slice(0, 12)} (once)`);
    const checkout = mkdtempSync(join(tmpdir(), 'cr3scope-older-'));
    try {
      checkOut(COMMIT, checkout);
      const file = join(checkout, 'package.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version: OLDER }, null, 2));
      // They are thrown away: not as small as those that are published, but made sooner.
      const env = { ...process.env, DPKG_DEB_COMPRESSOR_TYPE: 'zstd', DPKG_DEB_COMPRESSOR_LEVEL: '1' };
      execFileSync('npm', ['run', '--silent', 'package'], {
        cwd: checkout,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      mkdirSync(`${folder}.part`, { recursive: true });
      for (const deb of readdirSync(join(checkout, 'dist')).filter((file) => file.endsWith('.deb')))
        cpSync(join(checkout, 'dist', deb), join(`${folder}.part`, deb));
      renameSync(`${folder}.part`, folder);
    } finally {
      rmSync(checkout, { recursive: true, force: true });
    }
  }
  return join(folder, `${name}_${OLDER}_${architecture}.deb`);
}
