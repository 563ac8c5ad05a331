// SPDX-License-Identifier: GPL-2.0-only
// A page can have files shown in their folders: those that its window has saved, and no others.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capturedSources, readCapture } from '../../app/main/capture/captured.ts';
import { OneTimeDownload } from '../../app/main/download.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { SavedFiles } from '../../app/main/saved.ts';
import { Service } from '../../app/main/service/service.ts';

const explorer = new Explorer(capturedSources(readCapture('test/fixtures/captures/v0.3-whole.cr3scope')));

test('a saved file is shown, another one is not', async () => {
  const revealed: string[] = [];
  const saved = new SavedFiles((path) => revealed.push(path));
  saved.add('/home/vera/check.html');
  const service = new Service(explorer, { showSaved: (path) => saved.show(path) });
  await service.call('showSaved', { path: '/home/vera/check.html' });
  for (const path of ['/etc/passwd', '/home/vera', '/home/vera/../vera/check.html', '', 7])
    await expect(service.call('showSaved', { path })).rejects.toThrow();
  expect(revealed).toEqual(['/home/vera/check.html']);
  service.close();
});

test('a browser can’t have files shown', async () => {
  const service = new Service(explorer);
  await expect(service.call('showSaved', { path: '/tmp/x' })).rejects.toThrow(/keeps to itself/);
  service.close();
});

test('an offered file has the SHA-256 of its bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-saved-'));
  try {
    const bytes = Buffer.alloc(300_000, 'cr3');
    writeFileSync(join(folder, 'file'), bytes);
    const offered = await new OneTimeDownload().offer(join(folder, 'file'));
    expect(offered).toMatchObject({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
