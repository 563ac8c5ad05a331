// SPDX-License-Identifier: GPL-2.0-only
// The package, the kernel modules and their documentation have one version.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../../package.json' with { type: 'json' };

test('DKMS and the documentation of the module name the version of the package', () => {
  expect(readFileSync('kmod/dkms.conf', 'utf8')).toContain(`PACKAGE_VERSION="${version}"`);
  const named = readFileSync('docs/module.md', 'utf8').match(/cr3scope[-/]\d+\.\d+\.\d+/g);
  expect(new Set(named)).toEqual(new Set([`cr3scope-${version}`, `cr3scope/${version}`]));
});
