// SPDX-License-Identifier: GPL-2.0-only
// A kdump-compressed image of a guest, read by the installed command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchKernel } from '../guest/kernels.ts';
import { boot, variant } from '../guest/qemu.ts';
import { built, field } from './built.ts';
import { Root } from './root.ts';

let folder: string;
/** As QEMU writes it. */
let flat: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-kdump-'));
  flat = join(folder, 'flat');
  const { output, code } = await boot(
    fetchKernel('6.1'),
    undefined,
    variant('plain'),
    'echo ===ready; read -r answer',
    {
      async onLine(line, guest) {
        if (line !== '===ready') return;
        const image = { paging: false, protocol: `file:${flat}`, format: 'kdump-zlib' };
        await guest.monitor.run('dump-guest-memory', image);
        guest.say('go');
      },
    },
  );
  expect(code, output).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what unpacks images is recommended', () => {
  expect(field(built('cr3scope'), 'Recommends')).toBe('liblzo2-2, libsnappy1v5, libzstd1');
});

describe.each(['bookworm', 'trixie'])('in a fresh root of %s', (suite) => {
  let root: Root;
  beforeAll(() => {
    root = Root.fresh(suite);
    root.apt('update');
    root.apt('install', root.give(built('cr3scope')));
  });
  afterAll(() => root?.close());

  test('the image is read, and check finds no mismatch', () => {
    const image = root.give(flat);
    expect(root.must('cr3scope', 'doctor', '--image', image)).toContain('memory image: kdump-compressed');
    const last = root.must('cr3scope', 'check', '--all', '--json', '--image', image).trimEnd().split('\n').at(-1) ?? '';
    const all = JSON.parse(last);
    console.log(`${all.processes} processes, ${all.pages} pages, sources ${all.sources.join(' + ')}`);
    expect(all.verdicts.mismatch).toBe(0);
    expect(all.pages).toBeGreaterThan(1000);
  });
});
