// SPDX-License-Identifier: GPL-2.0-only
// A capture in the window, in both faces: every view shows what the machine showed, and says that it is a capture.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hexVa } from '../../app/contract/format.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { type Face, openBrowser, openBrowserAsRoot, openDesktopAsRoot, shot } from './faces.ts';
import { electronProgram } from './installed.ts';

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-opened-'));
const file = join(folder, 'whole.cr3scope');
const later = join(folder, 'later.cr3scope');
const single = join(folder, 'single.cr3scope');
const traced = join(folder, 'traced.cr3scope');
const watched = join(folder, 'watched.cr3scope');
const broken = join(folder, 'broken.cr3scope');
let fixture: Fixture;
/** The pages of a region as the live window showed them. */
let liveRows: string[];
let liveWalk: string;
const cli = (...words: string[]) => spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8' });

const go = async ({ page }: Face, text: string) => {
  await page.keyboard.press('Control+k');
  await page.getByLabel('Go to a process, address, frame or entry').fill(text);
  await page.getByLabel('Go to a process, address, frame or entry').press('Enter');
};
/** The rows around a page, and its walk, as text. */
async function look(face: Face): Promise<{ rows: string[]; walk: string }> {
  const { pid, va } = fixture.of('anon4k');
  await go(face, String(pid));
  await face.page.getByRole('heading', { name: `${pid} page-kinds` }).waitFor();
  await face.page.getByText(/pages checked in/).waitFor();
  await go(face, hexVa(va));
  const region = face.page.getByRole('region', { name: 'Walk' });
  await region.getByText(hexVa(va)).waitFor();
  const selected = face.page.getByRole('grid', { name: 'Pages' }).locator('[aria-selected=true]');
  await selected.filter({ hasText: 'agree' }).waitFor();
  const rows = await face.page.getByRole('grid', { name: 'Pages' }).locator('[role=row]').allInnerTexts();
  return { rows, walk: await region.locator('.walk-levels').innerText() };
}

/** The rows of one table whose addresses the other has, too. */
function inBoth(rows: readonly string[], others: readonly string[]): string[] {
  const address = (row: string) => row.split('\n')[0];
  const known = new Set(others.map(address));
  return rows.filter((row) => known.has(address(row)));
}

beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
  const live = await openBrowser();
  ({ rows: liveRows, walk: liveWalk } = await look(live));
  await live.close();
  const { status, stderr } = cli('report', '--all', '-o', file);
  expect([status, stderr]).toEqual([0, '']);
  expect(cli('report', '--all', '-o', later).status).toBe(0);
  expect(cli('report', String(fixture.pid), '-o', single).status).toBe(0);
  expect(cli('trace', '-o', traced, 'sh', '-c', 'ls | wc; exit 3').status).toBe(0);
  const { pid, va } = fixture.of('anon4k');
  expect(cli('watch', String(pid), `${va.toString(16)}+4`, '--for', '0.3', '-o', watched).status).toBe(0);
  writeFileSync(broken, readFileSync(file).subarray(0, -100));
});
afterAll(async () => {
  await fixture.stop();
  rmSync(folder, { recursive: true });
});

const program = electronProgram();
const faces: [string, (path: string) => Promise<Face>][] = [
  ['browser', (path) => openBrowserAsRoot('--capture', path)],
  ...(program
    ? [['electron', (path: string) => openDesktopAsRoot(path)] as [string, (path: string) => Promise<Face>]]
    : []),
];

describe.each(faces)('%s', (name, open) => {
  test('a capture of one process opens on it; the others are hidden, and marked where they are shown', async () => {
    const face = await open(single);
    const { page } = face;
    try {
      await page.getByRole('heading', { name: `${fixture.pid} page-kinds` }).waitFor();
      await page.getByText(/pages checked in/).waitFor();
      const list = page.getByRole('grid', { name: 'Processes' });
      expect(await list.getAttribute('aria-rowcount')).toBe('2');
      await page.getByLabel('not captured').check();
      await list.getByText('not captured').first().waitFor();
      await page.screenshot({ path: shot(`${name}-capture-single`) });
    } finally {
      await face.close();
    }
  });

  test('what a live window showed, the capture shows, row by row; each view says what it has', async () => {
    const face = await open(file);
    const { page } = face;
    try {
      await page.getByRole('button', { name: /^capture of/ }).waitFor();
      const { rows, walk } = await look(face);
      // The faces do not have the same height for rows.
      expect(inBoth(rows, liveRows).length).toBeGreaterThan(5);
      expect(inBoth(rows, liveRows)).toEqual(inBoth(liveRows, rows));
      expect(walk).toBe(liveWalk);
      await page.getByText(/capture verified, SHA-256 [0-9a-f]{12}…/).waitFor();
      await page
        .getByRole('region', { name: 'Frame', exact: true })
        .getByText(/not in this capture/)
        .first()
        .waitFor();
      expect(await page.getByRole('tab').allInnerTexts()).not.toEqual(expect.arrayContaining(['Labs']));
      await page.screenshot({ path: shot(`${name}-capture`) });
      await page.getByRole('tab', { name: 'Tables' }).click();
      await page.getByRole('region', { name: 'Tables', exact: true }).getByText('PMD').first().waitFor();
      await page.getByRole('tab', { name: 'Physical memory' }).click();
      await page
        .getByRole('region', { name: 'Physical memory', exact: true })
        .getByText(/anonymous/)
        .first()
        .waitFor();
      await page.screenshot({ path: shot(`${name}-capture-memory`) });
      await page.getByRole('tab', { name: 'CPUs' }).click();
      await page.getByRole('heading', { name: 'CPU 0' }).waitFor();
      await page.getByRole('tab', { name: 'Trace' }).click();
      await page.getByRole('button', { name: 'Recorded trace' }).click();
      await page.getByText('no trace is in this capture').first().waitFor();
      await page.getByRole('tab', { name: 'Compare' }).click();
      const compare = page.getByRole('region', { name: 'Compare', exact: true });
      await expect.poll(() => compare.getByLabel('Before').innerText()).toContain('whole.cr3scope');
      await compare.getByLabel('Capture in a file').fill(later);
      await compare.getByRole('button', { name: 'Open' }).click();
      await expect.poll(() => compare.getByLabel('After').innerText()).toContain('later.cr3scope');
      await compare.getByRole('button', { name: 'Compare', exact: true }).click();
      // At least the program that wrote each of them.
      await compare.getByText(/gone, [1-9].* came/).waitFor();
      await page.screenshot({ path: shot(`${name}-capture-compare`) });
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
      expect(face.complaints).toEqual([]);
    } finally {
      await face.close();
    }
  });

  test('a recorded trace, recorded pages; and a capture that is not complete says so', async () => {
    const recorded = await open(traced);
    await recorded.page.getByRole('button', { name: 'Recorded trace' }).click();
    await recorded.page.getByRole('grid', { name: 'Address spaces' }).getByText('exit 3').waitFor();
    await recorded.close();
    const pages = await open(watched);
    await pages.page.getByRole('button', { name: /page-kinds [0-9a-f]{12} \+ 4$/ }).click();
    await pages.page
      .getByRole('list', { name: 'Watched pages' })
      .getByText(/· stopped/)
      .waitFor();
    await pages.close();
    const face = await open(broken);
    await face.page.getByText('CAPTURE NOT COMPLETE').waitFor();
    await face.close();
  });
});
