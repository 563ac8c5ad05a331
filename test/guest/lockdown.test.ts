// SPDX-License-Identifier: GPL-2.0-only
// Kernel lockdown, in a guest, last: it can be raised but not lowered.
import { spawnSync } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

const LOCKDOWN = '/sys/kernel/security/lockdown';

test('integrity leaves the module alone, confidentiality closes it, also where it is open already', async () => {
  writeFileSync(LOCKDOWN, 'integrity');
  const sources = await openSources(ADDON_PATH);
  expect(sources.status.every((s) => s.ready)).toBe(true);
  expect((await sources.frames(BigUint64Array.of(0x200n))).status[0]).toBe(0);

  writeFileSync(LOCKDOWN, 'confidentiality');
  await expect(sources.frames(BigUint64Array.of(0x200n))).rejects.toMatchObject({ code: 'EPERM' });
  expect(() => openSync('/dev/cr3scope', 'r')).toThrow(/EPERM/);
  const { stdout } = spawnSync(process.execPath, ['out/main/cli.cjs', 'doctor'], { encoding: 'utf8' });
  expect(stdout).toMatch(/missing +kernel walk: open \/dev\/cr3scope: Operation not permitted\n +Kernel lockdown/);
});
