// SPDX-License-Identifier: GPL-2.0-only
// The export dialog of the window: what it saves can be read back.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytes as sizeText } from '../../app/contract/format.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { DIALOG, inEachFace, PAGE } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture?.stop());

inEachFace((window) => {
  const open = async (button: string, format: RegExp) => {
    await window.page.getByRole('button', { name: button }).click();
    await window.dialog.getByRole('radio', { name: format }).check();
  };
  const save = async (file: string) => {
    const path = `test/artifacts/${window.name}-${file}`;
    await window.face.download(() => window.dialog.getByRole('button', { name: 'Save' }).click(), path);
    await window.dialog.waitFor({ state: 'hidden' });
    return path;
  };

  test('exports what the check found, by the published schema', async () => {
    await window.startAt(fixture);
    await open('Export…', /^JSON Lines/);
    const lines = readFileSync(await save('check.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => ExportLine.parse(JSON.parse(line)));
    expect(lines.find((line) => line.type === 'process')).toMatchObject({
      pid: fixture.pid,
      verdicts: { mismatch: 0 },
    });
    expect(lines.some((line) => line.type === 'pages' && line.note === 'protNone')).toBe(true);
  });

  test('exports a capture: what the window shows, as a file that opens anywhere', async () => {
    await window.startAt(fixture);
    await open('Export…', /^Capture/);
    await window.pictures('export-dialog', DIALOG);
    const { problem, spaces } = readCapture(await save('capture.cr3scope'));
    expect([problem, spaces.map((s) => s.pid)]).toEqual([undefined, [fixture.pid]]);
  });

  test('says where the file is, its size and its SHA-256', async () => {
    await window.startAt(fixture);
    await open('Export…', /^CSV/);
    const path = await save('saved.csv');
    const bytes = readFileSync(path);
    const line = window.page.locator('.saved');
    await line.getByText(createHash('sha256').update(bytes).digest('hex')).waitFor();
    await line.getByText(sizeText(bytes.length)).waitFor();
    await window.pictures('saved', PAGE);
    if (window.name === 'electron') {
      const shown = await window.face.reveals();
      await line.getByRole('button', { name: 'Show in folder' }).click();
      await expect.poll(shown).toHaveLength(1);
      const [file = ''] = await shown();
      expect(readFileSync(file)).toEqual(bytes);
      await line.getByText(file).waitFor();
    } else await line.getByText(`cr3scope-${fixture.pid}-page-kinds.csv`).waitFor();
    await window.page.keyboard.press('Escape');
    await line.waitFor({ state: 'detached' });
  });

  test('captures the whole machine, with a SHA-256 of each frame', async () => {
    await window.startAtCpus();
    await open('Capture this machine', /^Capture/);
    await window.dialog.getByRole('radio', { name: /^the bytes/ }).check();
    await window.dialog.getByText(/including passwords and keys/).waitFor();
    await window.pictures('export-machine', DIALOG);
    await window.dialog.getByRole('radio', { name: /^a SHA-256/ }).check();
    const { problem, spaces, memory, frames, begin } = readCapture(await save('machine.cr3scope'));
    expect([problem, begin.options.frames, memory !== undefined]).toEqual([undefined, 'digests', true]);
    expect(spaces.map((s) => s.pid)).toContain(fixture.pid);
    expect(frames.size).toBeGreaterThan(1000);
  });
});
