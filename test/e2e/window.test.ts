// SPDX-License-Identifier: GPL-2.0-only
// The whole job through the window, on live processes, in the real Electron and in a real Chromium.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { type Case, type Fixture, startFixture } from '../fixture.ts';
import { electronProgram, type Face, openBrowser, openDesktop, shot } from './faces.ts';

const program = electronProgram();
if (!program) console.warn("\n*** Electron's program cannot be had here: the desktop window is NOT tested. ***\n");

const faces: [string, () => Promise<Face>][] = [['browser', openBrowser]];
if (program) faces.push(['electron', () => openDesktop(program)]);

describe.each(faces)('%s', (name, open) => {
  let face: Face;
  let fixture: Fixture;
  const of = (caseName: string) => fixture.cases.find((c) => c.name === caseName) as Case;
  const go = async (text: string) => {
    const box = face.page.getByLabel('Go to a process, address, frame or entry');
    await face.page.keyboard.press('Control+k');
    await box.fill(text);
    await box.press('Enter');
  };
  const translation = () => face.page.getByRole('region', { name: 'Translation' });
  const frame = () => face.page.getByRole('region', { name: 'Frame', exact: true });

  beforeAll(async () => {
    fixture = await startFixture('page-kinds', ['out/fixtures']);
    face = await open();
  });
  afterAll(async () => {
    await face?.close();
    await fixture?.stop();
  });

  test('lists the live processes with their roots', async () => {
    const list = face.page.getByRole('grid', { name: 'Processes' });
    await list.getByRole('row').nth(3).waitFor();
    await face.page.getByLabel('Filter processes').fill(String(fixture.pid));
    const row = list.getByRole('row').nth(1);
    await expect.poll(() => row.innerText()).toMatch(/page-ki\S*\s+[0-9a-f]{9}/);
    await face.page.getByLabel('Filter processes').fill('');
    await face.page.getByLabel('kernel threads').check();
    await face.page.getByLabel('Filter processes').fill('kthreadd');
    await expect.poll(() => list.getByRole('row').nth(1).innerText()).toContain('no address space');
    await face.page.getByLabel('kernel threads').uncheck();
    await face.page.getByLabel('Filter processes').fill('');
  });

  test('checks a whole address space', async () => {
    await go(String(fixture.pid));
    await face.page.getByRole('heading', { name: `${fixture.pid} page-kinds` }).waitFor();
    await face.page.getByText(/pages checked in/).waitFor();
    const legend = face.page.getByRole('group', { name: /Verdicts/ });
    const counted = async (label: RegExp) =>
      Number((await legend.getByRole('button', { name: label }).innerText()).replace(/\D/g, ''));
    expect(await counted(/MISMATCH/)).toBe(0);
    expect(await counted(/^agree \d/)).toBeGreaterThan(1000);
    expect(await counted(/agree by rule/)).toBeGreaterThanOrEqual(4 + 8 + 512 + 512 + 4 + 4);
    expect(await counted(/swapped/)).toBeGreaterThan(0);
  });

  test('translates a PROT_NONE page and explains it', async () => {
    const c = of('protnone');
    await go(hexVa(c.va));
    await translation().getByText('PROT_NONE, inverted').waitFor();
    expect(await translation().innerText()).toContain('Un-inverted it is the frame that pagemap names');
    const rungs = translation().locator('.ladder li');
    expect(await rungs.count()).toBeGreaterThanOrEqual(4);
    const page = face.page.getByRole('grid', { name: 'Pages' }).locator('[aria-selected=true][aria-busy=false]');
    expect(await page.innerText()).toMatch(/agree by rule[\s\S]+PROT_NONE/);
  });

  test('shows the bytes of the frame that the fixture wrote', async () => {
    const c = of('anon4k');
    await go(hexVa(c.va));
    const first = frame().locator('.hex-line').first();
    const expected = [c.va, c.va + 8n].map((word) => hex(word, 16).match(/../g)?.reverse().join('')).join('');
    await expect.poll(async () => (await first.locator('.hex-bytes').innerText()).replace(/\s/g, '')).toBe(expected);
    await frame().getByRole('group').focus();
    await face.page.keyboard.press('ArrowDown');
    const inspector = face.page.getByRole('region', { name: 'Data inspector' });
    await expect.poll(() => inspector.innerText()).toContain(`0x${hex(c.va + 16n, 16)}`);
    expect(await inspector.innerText()).toContain('→'); // a pointer into its own region
  });

  test('says why a frame cannot be read, and shows no bytes', async () => {
    await go(hexVa(of('secretmem').va));
    await frame().getByText("can't be read").waitFor();
    expect(await frame().innerText()).toContain('direct map');
    // Not a digit of it, though its neighbours may be shown.
    expect(await frame().locator('.hex-line.here').innerText()).not.toMatch(/[0-9a-f]{2} [0-9a-f]{2}/);
  });

  test('scrolls through a region of 2^28 pages and filters by verdict', async () => {
    const c = of('terabyte');
    await go(hexVa(c.va + 0x8000000000n));
    const pages = face.page.getByRole('grid', { name: 'Pages' });
    await pages
      .locator('[aria-selected=true]')
      .getByText(hexVa(c.va + 0x8000000000n))
      .waitFor();
    await pages.focus();
    await face.page.keyboard.press('End');
    await expect.poll(() => pages.locator('[aria-selected=true]').innerText()).toContain(hexVa(c.va + 0xfffffff000n));
    await face.page.getByRole('button', { name: /^swapped, agree/ }).click();
    await expect.poll(() => pages.getByRole('row').nth(2).innerText()).toMatch(/swapped, agree[\s\S]+swap \d+:/);
    await face.page.keyboard.press('Escape');
    await face.page.getByRole('button', { name: /^swapped, agree/, pressed: false }).waitFor();
  });

  test('exports what the check found, by the published schema', async () => {
    const path = `test/artifacts/check-${name}.jsonl`;
    await face.page.getByRole('button', { name: 'Export…' }).click();
    await face.page
      .getByRole('dialog')
      .getByRole('radio', { name: /^JSON Lines/ })
      .check();
    await face.download(() => face.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click(), path);
    const lines = readFileSync(path, 'utf8')
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
    const path = `test/artifacts/capture-${name}.cr3scope`;
    const dialog = face.page.getByRole('dialog');
    await face.page.getByRole('button', { name: 'Export…' }).click();
    await dialog.getByRole('radio', { name: /^Capture/ }).check();
    await pictures('export-dialog');
    await face.download(() => dialog.getByRole('button', { name: 'Save' }).click(), path);
    await dialog.waitFor({ state: 'hidden' });
    const { problem, spaces } = readCapture(path);
    expect([problem, spaces.map((s) => s.pid)]).toEqual([undefined, [fixture.pid]]);
  });

  test('captures the whole machine, with a SHA-256 a frame', async () => {
    const path = `test/artifacts/machine-${name}.cr3scope`;
    const dialog = face.page.getByRole('dialog');
    await face.page.getByRole('button', { name: 'Capture this machine' }).click();
    await dialog.getByRole('radio', { name: /^Capture/ }).check();
    await dialog.getByRole('radio', { name: /^the bytes/ }).check();
    await dialog.getByText(/passwords, keys and all/).waitFor();
    await pictures('export-machine');
    await dialog.getByRole('radio', { name: /^a SHA-256/ }).check();
    await face.download(() => dialog.getByRole('button', { name: 'Save' }).click(), path);
    await dialog.waitFor({ state: 'hidden' });
    const { problem, spaces, memory, frames, begin } = readCapture(path);
    expect([problem, begin.options.frames, memory !== undefined]).toEqual([undefined, 'digests', true]);
    expect(spaces.map((s) => s.pid)).toContain(fixture.pid);
    expect(frames.size).toBeGreaterThan(1000);
  });

  test('every source says how it is', async () => {
    await face.page.getByRole('button', { name: 'Source kernel walk: missing' }).click();
    await face.page.getByText(/open .dev.cr3scope/).waitFor();
    await face.page.keyboard.press('Escape');
    await face.page.getByText(/open .dev.cr3scope/).waitFor({ state: 'hidden' });
  });

  test('explains an entry of the walk, and any that is pasted, at each level', async () => {
    const dialog = face.page.getByRole('dialog');
    await go(hexVa(of('protnone').va));
    await translation().getByText('PROT_NONE, inverted').waitFor();
    await translation().getByRole('button', { name: 'explain' }).last().click();
    await dialog.getByText(/keeps the address bits inverted against L1TF/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await go('8000000117274067');
    await dialog.getByText('Maps a 4K page: frame 0x117274').waitFor();
    await dialog.getByRole('radio', { name: 'PMD' }).check();
    await dialog.getByText('Points to the next table').waitFor();
    await dialog.getByRole('button', { name: 'Link to this explanation' }).click();
    await face.page.getByRole('menuitem', { name: 'Copy link cr3scope://entry/8000000117274067/pmd' }).waitFor();
    await face.page.keyboard.press('Escape');
    await face.page.getByRole('menuitem').first().waitFor({ state: 'hidden' });
    const serious = [];
    for (const scheme of ['light', 'dark'] as const) {
      await face.page.emulateMedia({ colorScheme: scheme });
      await face.page.waitForTimeout(500);
      await face.page.screenshot({ path: shot(`${name}-explain-${scheme}`) });
      const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
      serious.push(...violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id));
    }
    expect(serious).toEqual([]);
    await face.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  test('says who maps a frame, and goes there', async () => {
    const parent = of('cow-parent-shared');
    const child = of('cow-child-shared');
    await go(hexVa(parent.va));
    await translation().getByText(hexVa(parent.va)).waitFor();
    await frame()
      .getByText(/mapped ×2/)
      .waitFor();
    await frame().getByRole('button', { name: 'mapped by…' }).click();
    const dialog = face.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Walk again' }).click();
    await dialog.getByText('Mapped 2×. kpagecount says 2, too.').waitFor();
    for (const pid of [parent.pid, child.pid])
      await dialog.getByRole('cell', { name: String(pid), exact: true }).waitFor();
    const serious = [];
    for (const scheme of ['light', 'dark'] as const) {
      await face.page.emulateMedia({ colorScheme: scheme });
      await face.page.waitForTimeout(500);
      await face.page.screenshot({ path: shot(`${name}-owners-${scheme}`) });
      const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
      serious.push(...violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id));
    }
    expect(serious).toEqual([]);
    await dialog
      .getByRole('row')
      .filter({ hasText: String(child.pid) })
      .getByRole('button')
      .click();
    await dialog.waitFor({ state: 'hidden' });
    await face.page.getByRole('heading', { name: `${child.pid} page-kinds` }).waitFor();
    await translation().getByText(hexVa(child.va)).waitFor();
    await go(String(fixture.pid));
    await face.page.getByRole('heading', { name: `${fixture.pid} page-kinds` }).waitFor();
    await face.page.getByText(/pages checked in/).waitFor();
  });

  const axe = async () => {
    // Playwright cannot open a second page in Electron, which axe would use for frames; there are none.
    const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
    const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
    expect(serious.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
  };
  const pictures = async (view: string) => {
    for (const scheme of ['dark', 'light'] as const)
      for (const [width, height] of [
        [1440, 900],
        [1000, 700],
      ] as const) {
        await face.page.emulateMedia({ colorScheme: scheme });
        await face.resize(width, height);
        await face.page.waitForTimeout(700);
        await face.page.screenshot({ path: shot(`${name}-${view}-${scheme}-${width}`) });
        await axe();
      }
    await face.page.emulateMedia({ colorScheme: 'dark' });
    await face.resize(1440, 900);
  };

  test('all of memory scrolls by, holes with their reason; bytes are selected, found and copied', async () => {
    const c = of('anon4k');
    await go(hexVa(c.va));
    const here = () => frame().getByRole('heading').innerText();
    await expect.poll(here).toMatch(/^Frame [0-9a-f]+$/);
    const start = await here();
    const hexView = frame().getByRole('group', { name: /Physical memory/ });
    await hexView.focus();
    await face.page.keyboard.press('Shift+ArrowDown');
    await face.page.keyboard.press('Shift+ArrowDown');
    expect((await frame().locator('.hex-bytes .word').allInnerTexts()).join(' ').match(/[0-9a-f]{2}/g)?.length).toBe(
      32,
    );
    for (let i = 0; i < 40; i++) await face.page.keyboard.press('PageDown');
    await expect.poll(here).not.toBe(start);
    await face.page.keyboard.press('Control+End');
    await face.page.keyboard.press('PageDown');
    await frame().getByText('behind the last System RAM').waitFor();
    await face.page.keyboard.press('Control+Home');
    await frame()
      .getByText(/to 000000fff: not System RAM/)
      .waitFor();
    await go(hexVa(c.va));
    await expect.poll(here).toBe(start);
    await hexView.focus();
    await face.page.keyboard.press('Control+f');
    await frame().getByLabel('Kind of bytes').selectOption('u64');
    await frame()
      .getByLabel('Bytes to find')
      .fill(`0x${hex(c.va + 0x88n)}`);
    await face.page.keyboard.press('Enter');
    const inspector = face.page.getByRole('region', { name: 'Data inspector' });
    await expect.poll(() => inspector.innerText()).toContain(`0x${hex(c.va + 0x88n, 16)}`);
    await face.page.keyboard.press('Escape');
    await frame().getByLabel('Bytes to find').waitFor({ state: 'hidden' });
    await frame().getByRole('button', { name: 'Copy the selected bytes' }).click();
    await face.page.getByRole('menuitem', { name: 'C array' }).waitFor();
    await axe();
    await face.page.keyboard.press('Escape');
    await frame().getByRole('button', { name: 'Bookmarks' }).click();
    await face.page.getByRole('button', { name: /^Bookmark [0-9a-f]{9}/ }).click();
    await face.page.getByLabel(/^Note for/).fill('a word of the fixture');
    await axe();
    await face.page.keyboard.press('Escape');
  });

  test('a link leads back to where it was copied', async () => {
    const c = of('thp');
    await go(`cr3scope://address/${fixture.pid}/${hex(c.va)}`);
    await translation().getByText(hexVa(c.va)).waitFor();
    await translation().getByRole('button', { name: 'Link to this translation' }).click();
    await face.page.getByRole('menuitem', { name: `Copy command cr3scope walk ${fixture.pid} ${hex(c.va)}` }).waitFor();
    await face.page.keyboard.press('Escape');
  });

  test('the whole tree of tables, and down to one of them', async () => {
    await go(`cr3scope://tables/${fixture.pid}`);
    const pane = face.page.getByRole('region', { name: 'Tables', exact: true });
    await pane.getByText('all marked as page tables').first().waitFor();
    const list = pane.getByRole('grid', { name: 'Page tables' });
    await list.getByRole('row').filter({ hasText: 'PTE' }).first().click();
    await frame().getByRole('group', { name: 'Entries of the table' }).waitFor();
    await frame()
      .getByText(/% filled/)
      .waitFor();
    await pictures('tables');
  });

  test('physical memory as a picture, by role and process, down to a frame', async () => {
    await go('cr3scope://memory');
    const pane = face.page.getByRole('region', { name: 'Physical memory', exact: true });
    const totals = pane.getByRole('grid', { name: 'Memory by process and role' });
    await totals.getByText('all memory').waitFor();
    // The largest first; small ones like the fixture are further down.
    await totals.getByRole('row').nth(5).waitFor();
    await pictures('memory');
    for (const by of ['owner', 'size', 'flag', 'role']) await pane.getByLabel('Colour by').selectOption(by);
    const map = pane.getByRole('slider', { name: /Map of physical memory/ });
    await map.focus();
    await face.page.keyboard.press('ArrowDown');
    const cell = () => map.getAttribute('aria-valuetext');
    await expect.poll(cell).toMatch(/^frames /);
    // In, down to one frame a cell, and that frame.
    for (let i = 0; i < 8 && !(await cell())?.startsWith('frame '); i++) {
      const before = await cell();
      await map.focus();
      await face.page.keyboard.press('Enter');
      await expect.poll(cell).not.toBe(before);
    }
    const [, pfn] = /^frame ([0-9a-f]+)/.exec((await cell()) ?? '') ?? [];
    await face.page.keyboard.press('Enter');
    await expect.poll(() => frame().getByRole('heading').innerText()).toBe(`Frame ${pfn}`);
    await face.page.keyboard.press('Backspace');
    await face.page.getByRole('tab', { name: 'Address space' }).click();
  });

  test('the root in force on every CPU, and why it changes', async () => {
    await go('cr3scope://cpus');
    const pane = face.page.getByRole('region', { name: 'CPUs', exact: true });
    await pane.getByRole('heading', { name: 'CPU 0' }).waitFor();
    await pane.getByText(/derived by bpf/).waitFor();
    const strip = () => pane.getByRole('img').first().getAttribute('aria-label');
    await expect.poll(strip, { timeout: 20_000 }).toMatch(/in 1\d samples/);
    await pane.getByText('Why does CR3 change each time it is read?').waitFor();
    await pictures('cpus');
  });

  test('launches a program and follows its roots through exec and fork', async () => {
    await face.page.getByRole('tab', { name: 'Trace' }).click();
    const pane = face.page.getByRole('region', { name: 'Trace', exact: true });
    const line = pane.getByLabel('Program and arguments');
    await face.answer(1);
    await line.fill("sh -c 'true");
    await pane.getByText('is not closed').waitFor();
    await line.fill('/nonexistent/program');
    await pane.getByRole('button', { name: 'Launch' }).click();
    await pane
      .getByRole('alert')
      .getByText(/No such file or directory/)
      .waitFor();
    await line.fill("sh -c 'ls | wc; exit 3'");
    await pane.getByRole('button', { name: 'Launch' }).click();
    const lives = pane.getByRole('grid', { name: 'Address spaces' });
    await lives.getByText('exit 3').waitFor();
    await lives
      .getByTitle(/root 0x[0-9a-f]+: exec \S*(dash|bash|sh)/)
      .first()
      .click();
    await pane.getByRole('button', { name: 'Copy root, hex' }).waitFor();
    await pictures('lives');
    await pane.getByRole('button', { name: 'Events' }).click();
    const events = pane.getByRole('grid', { name: 'Events' });
    await events.getByText(/exit code 3/).waitFor();
    await events
      .getByText(/exec \S*(dash|bash): root 0x[0-9a-f]+ → 0x[0-9a-f]+/)
      .first()
      .click();
    await pane.getByRole('button', { name: 'Copy root, decimal' }).waitFor();
    await pictures('trace');
  });

  test('listens to the whole machine', async () => {
    const pane = face.page.getByRole('region', { name: 'Trace', exact: true });
    await pane.getByRole('button', { name: 'Whole machine' }).click();
    await pane.getByRole('button', { name: 'Events' }).click();
    await pane.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    const events = pane.getByRole('grid', { name: 'Events' });
    await expect
      .poll(
        () => {
          spawnSync('sh', ['-c', 'exit 41']);
          return events.getByText(/^exit code 41;/).count();
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
    await pane.getByRole('button', { name: 'Address spaces' }).click();
    await pane.getByRole('grid', { name: 'Address spaces' }).getByText('exit 41').first().waitFor();
    await pictures('machine');
    await pane.getByRole('button', { name: 'Stop', exact: true }).click();
    await pane.getByText(/let go, all runs on/).waitFor();
  });

  test('watches a page of a process that changes it', async () => {
    const lab = spawn('native/build/Release/labs', ['demand'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: lab.stdout })[Symbol.asyncIterator]();
    const [, , pid, va = ''] = String((await lines.next()).value).split(' ');
    await face.page.waitForTimeout(2500); // until the list has it
    await go(`cr3scope://address/${pid}/${va}`);
    await translation().getByText(va).waitFor();
    await face.page.getByRole('tab', { name: 'Watch' }).click();
    const pane = face.page.getByRole('region', { name: 'Watch', exact: true });
    await pane.getByLabel('Number of pages').fill('0');
    await pane.getByText('give 1 to 65536 pages').waitFor();
    await pane.getByLabel('Number of pages').fill('1');
    await pane.getByRole('button', { name: 'Record', exact: true }).click();
    await pane.getByRole('button', { name: 'Save recording' }).waitFor();
    await pane.getByRole('button', { name: 'Watch', exact: true }).click();
    await pane.getByText(/\d+ samples/).waitFor();
    await pane.getByLabel('First page').fill(hexVa(BigInt(`0x${va}`) + 4096n));
    await pane.getByRole('button', { name: 'Watch this, too' }).click();
    await expect.poll(() => pane.getByRole('list', { name: 'Watched pages' }).getByRole('listitem').count()).toBe(2);
    const changes = pane.getByRole('grid', { name: 'Changes' });
    for (const cause of ['first read: the shared zero page', 'first write: a frame of its own', 'unmapped: munmap']) {
      await face.page.waitForTimeout(400);
      lab.stdin.write('\n');
      await changes.getByText(cause).first().waitFor();
    }
    await pictures('watch');
    const recording = `test/artifacts/recording-${name}.cr3scope`;
    await face.download(() => pane.getByRole('button', { name: 'Save recording' }).click(), recording);
    const { problem, watches } = readCapture(recording);
    expect([problem, new Set(watches.map((w) => w.pid))]).toEqual([undefined, new Set([Number(pid)])]);
    expect(watches.length).toBeGreaterThanOrEqual(5); // two first looks, and three changes
    lab.stdin.end();
    await pane.getByText('The process exited or executed another program').first().waitFor();
    await go(String(fixture.pid));
    await face.page.getByText(/pages checked in/).waitFor();
  });

  test('compares with a snapshot: what a program did meanwhile', async () => {
    const lab = spawn('native/build/Release/labs', ['demand'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: lab.stdout })[Symbol.asyncIterator]();
    const [, , pid, va = ''] = String((await lines.next()).value).split(' ');
    await face.page.waitForTimeout(2500); // until the list has it
    await go(`cr3scope://address/${pid}/${va}`);
    await translation().getByText(va).waitFor();
    await face.page.getByRole('tab', { name: 'Compare' }).click();
    const pane = face.page.getByRole('region', { name: 'Compare', exact: true });
    await pane.getByText('No snapshot is kept').waitFor();
    await pane.getByRole('button', { name: `Snapshot of ${pid}` }).click();
    await pane.getByLabel('After').waitFor();
    lab.stdin.write('\n');
    lab.stdin.write('\n');
    await expect.poll(() => readFileSync(`/proc/${pid}/syscall`, 'utf8')).toMatch(/^0 /); // it waits for the next line
    await face.page.waitForTimeout(500);
    await pane.getByRole('button', { name: 'Compare', exact: true }).click();
    const differences = pane.getByRole('grid', { name: 'Differences' });
    await differences.getByText(va).first().waitFor();
    await differences
      .getByText(/1 page: came to map a frame/)
      .first()
      .waitFor();
    await pictures('compare');
    const csv = `test/artifacts/differences-${name}.csv`;
    await face.download(() => pane.getByRole('button', { name: 'CSV' }).click(), csv);
    expect(readFileSync(csv, 'utf8')).toMatch(new RegExp(`^pages,${pid},.*0x0*${va},`, 'm'));
    const json = `test/artifacts/differences-${name}.jsonl`;
    await face.download(() => pane.getByRole('button', { name: 'JSON Lines' }).click(), json);
    expect(JSON.parse(readFileSync(json, 'utf8').trim().split('\n').at(-1) ?? '')).toMatchObject({ type: 'totals' });
    // With the capture that this window exported before.
    await pane.getByLabel('Capture in a file').fill('/nonexistent.cr3scope');
    await pane.getByRole('button', { name: 'Open' }).click();
    await pane.getByText(/no such file/i).waitFor();
    await pane.getByLabel('Capture in a file').fill(resolve(`test/artifacts/capture-${name}.cr3scope`));
    await pane.getByRole('button', { name: 'Open' }).click();
    await expect.poll(() => pane.getByLabel('Before').innerText()).toContain(`capture-${name}.cr3scope`);
    await pane.getByRole('button', { name: 'Compare', exact: true }).click();
    await pane.getByText(/gone, [1-9].* came/).waitFor();
    await pane.getByRole('button', { name: 'Drop' }).click();
    await pane.getByRole('button', { name: 'Drop' }).click();
    await pane.getByText('No snapshot is kept').waitFor();
    lab.kill('SIGKILL');
    await go(String(fixture.pid));
    await face.page.getByText(/pages checked in/).waitFor();
  });

  test('a lab, step by step, with the walk beside it', async () => {
    await face.page.getByRole('tab', { name: 'Labs' }).click();
    const pane = face.page.getByRole('region', { name: 'Labs', exact: true });
    await pane.getByRole('button', { name: /Copy on write after fork/ }).click();
    await pane.getByText('One process, one frame, writable.').waitFor();
    await pane.getByRole('button', { name: 'Next step' }).click();
    await pane.getByText('both have lost their RW bit').waitFor();
    await pane.getByRole('button', { name: 'Next step' }).click();
    await pane.getByText('The write faulted').waitFor();
    await pane.getByRole('row').filter({ hasText: 'child' }).getByText('writable').waitFor();
    await expect.poll(() => translation().innerText()).toMatch(/user · read · write/);
    await pictures('lab');
    for (const name of ['Next step', 'Next step', 'Finish']) await pane.getByRole('button', { name }).click();
    await pane.getByRole('button', { name: 'Run it again' }).waitFor();
    await pane.getByRole('button', { name: 'All labs' }).click();
    await pane.getByRole('button', { name: /Huge pages/ }).waitFor();
    await axe();
    await face.page.getByRole('tab', { name: 'Address space' }).click();
    await go(String(fixture.pid));
    await face.page.getByRole('heading', { name: `${fixture.pid} page-kinds` }).waitFor();
    await face.page.getByText(/pages checked in/).waitFor();
  });

  test('the bytes of the frames are those that the process reads', async () => {
    await face.page.getByRole('button', { name: 'Compare bytes' }).click();
    const text = face.page.getByText(/Bytes of frames against/);
    await text.waitFor();
    await expect.poll(() => text.innerText()).toMatch(/pages the same/);
    expect(await text.innerText()).not.toContain('DIFFER');
  });

  test('what two processes share', async () => {
    const child = of('cow-child-shared');
    await face.page.getByRole('button', { name: 'What it shares with another process' }).click();
    const dialog = face.page.getByRole('dialog');
    await dialog.getByLabel('The other process').selectOption(String(child.pid));
    await dialog.getByText(/lead to the same frames; at/).waitFor();
    await face.page.screenshot({ path: shot(`${name}-shared`) });
    await axe();
    await face.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  test('shows a table by its entries, and goes down to the page', async () => {
    const c = of('anon4k');
    await go(hexVa(c.va));
    await frame().locator('.hex-line').first().waitFor();
    await translation().locator('.ladder li').nth(-2).getByRole('button', { name: /table/ }).click();
    const entries = frame().getByRole('group', { name: 'Entries of the table' });
    const here = entries.locator('tr.here');
    await here.getByRole('button', { name: /PTE table/ }).waitFor();
    expect(
      await frame()
        .getByText(/does not mark this frame/)
        .count(),
    ).toBe(0);
    await here.getByRole('button', { name: /PTE table/ }).click();
    const row = entries.getByRole('row').filter({ hasText: hexVa(c.va) });
    await row.waitFor();
    await face.page.screenshot({ path: shot(`${name}-table`) });
    const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
    expect(violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id)).toEqual([]);
    await row.getByRole('button', { name: /4K page/ }).click();
    const expected = [c.va, c.va + 8n].map((word) => hex(word, 16).match(/../g)?.reverse().join('')).join('');
    const first = frame().locator('.hex-line .hex-bytes').first();
    await expect.poll(async () => (await first.innerText()).replace(/\s/g, '')).toBe(expected);
  });

  test('searches the process, and goes to a hit', async () => {
    const c = of('anon4k');
    await face.page.getByRole('button', { name: 'Search memory' }).click();
    const dialog = face.page.getByRole('dialog');
    await dialog.getByLabel('What to search for').fill('4x');
    await dialog.getByRole('button', { name: 'Search', exact: true }).click();
    await dialog.getByText('"4x" is no byte').waitFor();
    await dialog.getByLabel('Kind of pattern').selectOption('u64');
    await dialog.getByLabel('What to search for').fill(`0x${hex(c.va + 0x20n)}`);
    await dialog.getByRole('button', { name: 'Search', exact: true }).click();
    await dialog.getByText(/\d+ hits? in /).waitFor();
    const hit = dialog.getByRole('button', { name: hexVa(c.va + 0x20n) });
    await hit.waitFor();
    await face.page.waitForTimeout(300);
    await face.page.screenshot({ path: shot(`${name}-search`) });
    const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
    expect(violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id)).toEqual([]);
    await hit.click();
    await dialog.waitFor({ state: 'hidden' });
    await translation()
      .getByText(hexVa(c.va + 0x20n))
      .waitFor();
  });

  test('bad input is answered in place', async () => {
    await go('no such thing');
    await face.page.getByText(/is no process, address or frame here/).waitFor();
    await face.page.getByRole('button', { name: 'Dismiss the notice' }).click();
  });

  test('looks right in light and dark, large and small; axe finds nothing serious', async () => {
    await go(hexVa(of('protnone').va));
    await translation().getByText('PROT_NONE, inverted').waitFor();
    for (const scheme of ['dark', 'light'] as const)
      for (const [width, height] of [
        [1440, 900],
        [1000, 700],
      ] as const) {
        await face.page.emulateMedia({ colorScheme: scheme });
        await face.resize(width, height);
        await face.page.waitForTimeout(700);
        await face.page.screenshot({ path: shot(`${name}-${scheme}-${width}`) });
        const box = await face.page.evaluate(() => ({
          page: document.documentElement.scrollWidth,
          window: window.innerWidth,
        }));
        expect(box.page).toBeLessThanOrEqual(box.window);
        // Playwright cannot open a second page in Electron, which axe would use for frames; there are none.
        const { violations } = await new AxeBuilder({ page: face.page }).setLegacyMode().analyze();
        expect(
          violations
            .filter((v) => v.impact === 'serious' || v.impact === 'critical')
            .map((v) => `${v.id}: ${v.nodes[0]?.html}`),
        ).toEqual([]);
      }
  });

  test('a process that exits is said to be gone, and nothing is lost', async () => {
    await fixture.stop();
    await face.page.getByText('has exited').waitFor();
    await expect
      .poll(() => face.page.getByRole('grid', { name: 'Pages' }).innerText())
      .toMatch(/no address space|No such process|exited/i);
    expect(await face.page.getByRole('group', { name: /Verdicts/ }).innerText()).toMatch(/agree by rule\s+1/);
  });

  test('the page had nothing to complain about', () => {
    expect(face.complaints).toEqual([]);
  });
});
