// SPDX-License-Identifier: GPL-2.0-only
// What root writes under sudo belongs to the user, if the user could have created it.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const [UID, GID] = [12345, 12346];
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-ownership-'));
afterAll(() => rmSync(folder, { recursive: true }));
const sudo = { ...process.env, SUDO_UID: String(UID), SUDO_GID: String(GID) };
const report = (path: string, ...more: string[]) =>
  spawnSync(process.execPath, ['out/main/cli.cjs', 'report', String(process.pid), '-o', path, ...more], {
    env: sudo,
    encoding: 'utf8',
  });
const ownerOf = (path: string) => {
  const { uid, gid, mode } = lstatSync(path);
  return [uid, gid, mode & 0o777];
};
const inFolder = (name: string, uid: number, mode: number) => {
  const path = mkdtempSync(join(folder, `${name}-`));
  chownSync(path, uid, uid ? GID : 0);
  chmodSync(path, mode);
  return (file: string) => join(path, file);
};

describe('the file of a report', () => {
  test('is the user’s in a folder of theirs, and in one for everybody', () => {
    for (const place of [inFolder('own', UID, 0o755), inFolder('all', 0, 0o1777)])
      for (const ending of ['html', 'csv', 'cr3scope']) {
        expect(report(place(`x.${ending}`)).status).toBe(0);
        expect(ownerOf(place(`x.${ending}`))).toEqual([UID, GID, 0o600]);
      }
  });

  test('stays root’s in a folder of root’s, and of another user', () => {
    for (const uid of [0, UID + 1]) {
      const place = inFolder('other', uid, 0o755);
      expect(report(place('x.html')).status).toBe(0);
      expect(ownerOf(place('x.html'))).toEqual([0, 0, 0o600]);
    }
  });

  test('nothing that was there before changes hands', () => {
    const place = inFolder('before', UID, 0o755);
    const precious = join(folder, 'precious');
    writeFileSync(precious, '', { mode: 0o600 });
    symlinkSync(precious, place('link.html'));
    expect(report(place('link.html'), '--force').status).toBe(2);
    writeFileSync(place('mine.html'), '', { mode: 0o600 });
    expect(report(place('mine.html')).status).toBe(2);
    expect([precious, place('mine.html')].map(ownerOf)).toEqual([
      [0, 0, 0o600],
      [0, 0, 0o600],
    ]);
    expect(readdirSync(place('.')).sort()).toEqual(['link.html', 'mine.html']);
  });
});
