// SPDX-License-Identifier: GPL-2.0-only
// Exports of a capture: other programs read the same values from them, and the name of a process is only ever text.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXPORT_FORMATS } from '../../app/contract/formats.ts';
import { visible } from '../../app/contract/inert.ts';
import { VERDICTS } from '../../app/contract/verdicts.ts';
import { type CaptureContents, readCapture } from '../../app/main/capture/captured.ts';
import { exportDocument } from '../../app/main/capture/export.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { openBrowserAsRoot, SHOTS } from './faces.ts';

// The kernel keeps 15 bytes of a name.
const NAME = `=1+1,"<b>\u202e\n'`;
const FOLDER = '<img src=x onerror=alert(1)>|*_`\u202e,"';
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-export-'));
const file = join(folder, 'x.cr3scope');
let stranger: ChildProcess;
let fixture: Fixture;
let contents: CaptureContents;
let browser: Browser;
const exported = (format: string) => join(folder, `x.${format}`);
const cli = (...words: string[]) => spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8' });

beforeAll(async () => {
  mkdirSync(join(folder, FOLDER));
  const program = join(folder, FOLDER, NAME);
  copyFileSync('/bin/sleep', program);
  stranger = spawn(program, ['600'], { stdio: 'ignore' });
  fixture = await startFixture('page-kinds', ['out/fixtures']);
  const pids = [...new Set([stranger.pid as number, ...fixture.cases.map((c) => c.pid)])].map(String);
  const { status, stderr } = cli('report', ...pids, '-o', file);
  expect([status, stderr]).toEqual([0, '']);
  for (const format of EXPORT_FORMATS)
    expect([format, cli('export', file, '-o', exported(format)).status]).toEqual([format, 0]);
  contents = readCapture(file);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
afterAll(async () => {
  stranger.kill();
  await fixture.stop();
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Pages by process and verdict, as the capture's own summaries count them. */
const expected = () =>
  contents.spaces
    .flatMap(({ pid, summary }) => VERDICTS.map((v, i) => `${pid} ${v} ${summary?.counts[i] ?? 0n}`))
    .filter((line) => !line.endsWith(' 0'))
    .sort();

test.each(['parquet', 'csv', 'jsonl'] as const)('%s, read by DuckDB, holds what the capture holds', async (format) => {
  const connection = await (await DuckDBInstance.create()).connect();
  const source = {
    parquet: `read_parquet('${exported('parquet')}')`,
    csv: `read_csv('${exported('csv')}', header = true, all_varchar = true, escape = '"', quote = '"')`,
    jsonl: `read_json('${exported('jsonl')}', format = 'newline_delimited', union_by_name = true, sample_size = -1)`,
  }[format];
  const only = format === 'jsonl' ? `WHERE type = 'pages'` : '';
  const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
  const rows = await query(`SELECT pid, verdict, SUM(pages::HUGEINT) FROM ${source} ${only} GROUP BY ALL`);
  expect(rows.map((row) => row.join(' ')).sort()).toEqual(expected());
  const name = format === 'parquet' ? 'process' : 'process';
  const [[stored = ''] = []] = await query(
    `SELECT DISTINCT ${name} FROM ${source} WHERE pid = ${stranger.pid} ${only.replace('WHERE', 'AND')}`,
  );
  if (format === 'csv')
    expect(stored).toBe(`'${visible(NAME)}`); // a spreadsheet would run it without the '
  else expect(stored).toBe(NAME);
  if (format !== 'parquet') return;
  // Words are numbers there: each mapped page's frame is the one in its own pagemap word.
  const [[wrong = -1n, all = 0n] = []] = await query(
    `SELECT COUNT(*) FILTER (WHERE pfn <> (pagemap & 36028797018963967)), COUNT(*) FROM ${source} WHERE verdict = 'agree'`,
  );
  expect(wrong).toBe(0n);
  expect(Number(all)).toBeGreaterThan(100);
});

test('each JSON line is what the published schema says', () => {
  const lines = readFileSync(exported('jsonl'), 'utf8').trim().split('\n');
  const kinds = new Set(lines.map((line) => ExportLine.parse(JSON.parse(line)).type));
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['capture', 'cpu', 'pages', 'process']));
});

test.each(EXPORT_FORMATS.filter((f) => f !== 'parquet'))('nothing acts in %s', (format) => {
  const text = readFileSync(exported(format), 'utf8');
  expect(text).not.toContain('\u202e');
  expect(text).toContain('=1+1');
  if (format === 'html' || format === 'md') expect(text).not.toMatch(/<img|<b>/);
  // As many lines as there are rows: no name breaks one.
  if (format === 'csv') for (const line of text.trim().split('\n').slice(1)) expect(line).toMatch(/^\d+,/);
});

test('HTML: no script runs, axe is content, and no table is cut on A4', async () => {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const complaints: string[] = [];
  page.on('console', (m) => complaints.push(m.text()));
  page.on('dialog', (d) => complaints.push(d.message()));
  await page.goto(`file://${resolve(exported('html'))}`);
  for (const details of await page.locator('details > summary').all())
    await details.evaluate((e) => e.parentElement?.setAttribute('open', ''));
  expect(await page.locator('img, script').count()).toBe(0);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    expect(violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
    await page.screenshot({ path: `${SHOTS}/export-${colorScheme}.png` });
  }
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  // 210 mm less twice 14 mm, at 96 dots an inch.
  await page.setViewportSize({ width: 688, height: 971 });
  const overflowing = await page.evaluate(() =>
    [...document.querySelectorAll('table, .wide')]
      .filter(
        (e) =>
          e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 ||
          e.scrollWidth > e.clientWidth + 1,
      )
      .map((e) => e.outerHTML.slice(0, 200)),
  );
  expect(overflowing).toEqual([]);
  writeFileSync(
    `${SHOTS}/export.pdf`,
    await page.pdf({ format: 'A4', preferCSSPageSize: true, printBackground: true }),
  );
  expect(complaints).toEqual([]);
});

test('what is cancelled leaves nothing', async () => {
  const path = exported('cancelled.jsonl');
  await expect(exportDocument(contents, 'jsonl', path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ECANCELED',
  });
  expect(readdirSync(folder).filter((name) => name.includes('cancelled'))).toEqual([]);
});

test('in the window, too, a name is text', async () => {
  const face = await openBrowserAsRoot('--capture', file);
  const dialogs: string[] = [];
  face.page.on('dialog', (d) => dialogs.push(d.message()));
  await face.page.getByLabel('Filter processes').fill(String(stranger.pid));
  const row = face.page.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(1);
  await expect.poll(() => row.innerText()).toContain('=1+1,"<b>');
  await row.click();
  await face.page.getByText(/pages checked in/).waitFor();
  // The program's own regions come first. They show its name, and the path where they are pointed at.
  const regions = face.page.getByRole('grid', { name: 'Regions' });
  await regions.press('Home');
  await regions.getByText('=1+1,"<b>').first().waitFor();
  await regions
    .getByTitle(/<img src=x onerror/)
    .first()
    .waitFor();
  expect(await face.page.locator('img, b').count()).toBe(0);
  expect([dialogs, face.complaints]).toEqual([[], []]);
  await face.close();
});

test('what is there is not overwritten, unknown formats are told, and nothing is left of what fails', () => {
  const again = cli('export', file, '-o', exported('csv'));
  expect([again.status, again.stderr]).toEqual([2, expect.stringMatching(/exists.*--force/)]);
  expect(cli('export', file, '-o', exported('csv'), '--force').status).toBe(0);
  expect(cli('export', file, '-o', exported('xlsx')).stderr).toMatch(/is not a format of files/);
  expect(cli('export', file, '-o', '/proc/x.csv')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/can’t be written/),
  });
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});
