// SPDX-License-Identifier: GPL-2.0-only
// A kdump-compressed image of a guest, read by the installed command line with Debian's libkdumpfile and without it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchKernel } from '../guest/kernels.ts';
import { boot, variant } from '../guest/qemu.ts';
import { built, field } from './built.ts';
import { Root } from './root.ts';

const LIBRARY = 'libkdumpfile10';
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

describe.each(['bookworm', 'trixie'])('in a fresh root of %s', (suite) => {
  let root: Root;
  const IMAGE = '/tmp/image';
  beforeAll(() => {
    root = Root.fresh(suite);
    root.apt('update');
    // apt() installs no recommendations.
    root.apt('install', 'makedumpfile', root.give(built('cr3scope')));
    root.must('sh', '-c', `makedumpfile -R ${IMAGE} <${root.give(flat)}`);
  });
  afterAll(() => root?.close());

  test('without the library, the error names its package, which is recommended', () => {
    const { status, stderr } = root.run('cr3scope', 'doctor', '--image', IMAGE);
    expect(stderr).toContain(`apt install ${LIBRARY}`);
    expect(status).toBe(2);
    expect(field(built('cr3scope'), 'Recommends')).toBe(LIBRARY);
  });

  test('with it, the image is read, and check finds no mismatch', () => {
    root.apt('install', LIBRARY);
    expect(root.must('cr3scope', 'doctor', '--image', IMAGE)).toContain('by libkdumpfile');
    const last = root.must('cr3scope', 'check', '--all', '--json', '--image', IMAGE).trimEnd().split('\n').at(-1) ?? '';
    const all = JSON.parse(last);
    console.log(`${all.processes} processes, ${all.pages} pages, sources ${all.sources.join(' + ')}`);
    expect(all.verdicts.mismatch).toBe(0);
    expect(all.pages).toBeGreaterThan(1000);
  });
});
