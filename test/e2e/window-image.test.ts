// SPDX-License-Identifier: GPL-2.0-only
// A memory image in the window: what it shows, how Linux was found in it, and nothing that needs a machine that runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { hex } from '../../app/contract/format.ts';
import { DATA, DATA_FRAME, linuxMemory, RELEASE, ROOT } from '../linux-image.ts';
import { openBrowserAsRoot } from './faces.ts';
import { PAGE, TestWindow } from './window.ts';

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-image-'));
const file = join(folder, 'memory.lime');
const window = new TestWindow('browser', () => openBrowserAsRoot('--image', file));

beforeAll(async () => {
  writeFileSync(file, linuxMemory().lime());
  await window.open();
});
afterEach(() => expect(window.face.complaints).toEqual([]));
afterAll(async () => {
  await window.close();
  rmSync(folder, { recursive: true });
});

test('an address space of an image: regions, pages with the sources that it has, the walk, and the frame', async () => {
  await window.startAt({ pid: 1 });
  const { page } = window;
  const [release] = /^\d+\.\d+/.exec(RELEASE) ?? [];
  await page.getByRole('button', { name: `memory.lime · Linux ${release} · 4-level · PTI off` }).waitFor();
  await page.getByText('2 sources · memory image · read-only').waitFor();
  await window.go(hex(DATA));
  const row = page.getByRole('grid', { name: 'Pages' }).getByRole('row', { selected: true });
  await expect.poll(() => row.innerText()).toMatch(/^7f0000000000\s+agree\s/);
  const heads = await page.getByRole('grid', { name: 'Pages' }).getByRole('columnheader').allInnerTexts();
  expect(heads.map((head) => head.trim()).filter((head) => /record|walk|pagemap/.test(head))).toEqual([
    'frame record',
    'table walk',
  ]);
  expect(await window.walk.innerText()).toContain(`0x${hex(BigInt(ROOT))}`);
  const facts = await window.inspect('Frame');
  await facts.getByText(`0x${hex(BigInt(DATA_FRAME))}`).waitFor();
  await facts.getByText('by struct page').waitFor();
  const owners = await window.inspect('Mapped by');
  await owners.getByText(/Mapped 1×\. struct page says 1, too\./).waitFor();
  await window.inspect('Walk');
  await window.pictures('image', PAGE);
});

test('the header says how Linux was found', async () => {
  await window.startAt({ pid: 1 });
  await window.page.getByRole('button', { name: /^memory\.lime/ }).click();
  const facts = window.page.getByRole('dialog', { name: 'Target' });
  for (const found of [file, 'VMCOREINFO', 'init_task']) await facts.getByText(found).first().waitFor();
  await window.picture('image-target');
});

test('views of what happens while a machine runs are left out; the others answer', async () => {
  await window.startAt({ pid: 1 });
  const tabs = await window.page.getByRole('tablist', { name: 'Views' }).getByRole('tab').allInnerTexts();
  expect(tabs).toEqual(['Address space', 'Tables', 'Physical memory', 'CPUs', 'Compare']);
  expect(await window.page.getByRole('button', { name: 'Compare bytes' }).count()).toBe(0);
  const tables = await window.show('Tables');
  await tables
    .getByText(/7 tables/)
    .first()
    .waitFor();
  const memory = await window.show('Physical memory');
  await memory.getByText('in no address space').waitFor();
  const cpus = await window.show('CPUs');
  await cpus.getByText('the image has no notes of the registers').waitFor();
});
