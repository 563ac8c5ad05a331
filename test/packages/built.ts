// SPDX-License-Identifier: GPL-2.0-only
// The packages in dist/, which `npm run test:packages` has built before the tests.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };

export const { version } = packageFile;

/** Where a package is. */
export const built = (name: string, architecture = 'amd64') => resolve(`dist/${name}_${version}_${architecture}.deb`);

/** A field of its control file. */
export const field = (deb: string, name: string) =>
  execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();
