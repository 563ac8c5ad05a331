// SPDX-License-Identifier: GPL-2.0-only
// Locked down and without the module, in a guest, after lockdown.test.ts.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('lockdown is the reason that is named', () => {
  expect(spawnSync('rmmod', ['cr3scope']).status).toBe(0);
  expect(spawnSync('insmod', ['/run/cr3scope.ko'], { encoding: 'utf8' }).stderr).toMatch(/not permitted|Lockdown/i);
  const { stdout } = spawnSync(process.execPath, ['out/main/cli.cjs', 'doctor'], { encoding: 'utf8' });
  expect(stdout).toMatch(/missing +kernel walk: .*lockdown=confidentiality loads signed modules only/);
});
