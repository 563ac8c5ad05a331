// SPDX-License-Identifier: GPL-2.0-only
// The window over time: CPUs, traces, watches, comparisons, labs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { READS_MAP_ZERO_PAGE, startLabProgram } from '../lab.ts';
import { ACCOUNT, accountFolder, installed } from './installed.ts';
import { inOneFace, paneSelector } from './window.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-window-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

inOneFace((window) => {
  const save = async (button: string, file: string) => {
    const path = join(folder, `${window.name}-${file}`);
    await window.face.download(() => window.page.getByRole('button', { name: button }).click(), path);
    return path;
  };
  /** Begins at the first page of a lab's program that is at its first step. */
  const startAtLab = async () => {
    const lab = await startLabProgram('demand');
    await window.start(`cr3scope://address/${lab.pid}/${hex(lab.va)}`);
    await window.walk.getByText(hexVa(lab.va)).waitFor();
    return lab;
  };

  test('the root in force on every CPU, and why it changes', async () => {
    await window.startAtCpus();
    const pane = window.pane('CPUs');
    await pane.getByRole('heading', { name: 'CPU 0' }).waitFor();
    await pane.getByText(/derived by bpf/).waitFor();
    const strip = () => pane.getByRole('img').first().getAttribute('aria-label');
    await expect.poll(strip).toMatch(/in [1-9]\d samples/);
    await pane.getByText('Why does CR3 change each time it is read?').waitFor();
    await window.pictures('cpus', paneSelector('CPUs'));
  });

  test('launches a program and follows its roots through exec and fork', async () => {
    await window.startAtCpus();
    const pane = await window.show('Trace');
    const line = pane.getByLabel('Program and arguments');
    await window.face.answer(1);
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
    const shell = /root 0x[0-9a-f]+ from [0-9.]+ s: exec \S*(dash|bash|sh)/;
    await lives.getByTitle(shell).first().click();
    await pane.getByRole('button', { name: 'Copy root, hex' }).waitFor();
    await window.pictures('lives', paneSelector('Trace'));
    await pane.getByRole('button', { name: 'Events' }).click();
    const events = pane.getByRole('grid', { name: 'Events' });
    await events.getByText(/exit code 3/).waitFor();
    await events
      .getByText(/exec \S*(dash|bash): root 0x[0-9a-f]+ → 0x[0-9a-f]+/)
      .first()
      .click();
    await pane.getByRole('button', { name: 'Copy root, decimal' }).waitFor();
    await window.pictures('trace', paneSelector('Trace'));

    // The menu of a row, by the pointer and by the keyboard.
    await window.catchCopies();
    const chosen = events.locator('[aria-selected=true]');
    const root = /→ 0x([0-9a-f]+)/.exec(await chosen.innerText())?.[1];
    const items = [/^Copy PID/, /^Copy root PA/, /^Copy row as/].map((item) => expect.stringMatching(item));
    expect(await window.menuOf(chosen)).toEqual(expect.arrayContaining(items));
    await window.axe('.popup.menu');
    await window.chooseItem(/^Copy root PA/);
    await expect.poll(() => window.copied()).toBe(root);
    await events.focus();
    await window.page.keyboard.press('Shift+F10');
    await window.chooseItem(/^Copy PID/);
    await expect.poll(() => window.copied()).toBe((await chosen.getByRole('gridcell').nth(1).innerText()).trim());
  });

  test('listens to the whole machine', async () => {
    await window.startAtCpus();
    const pane = await window.show('Trace');
    await pane.getByRole('button', { name: 'Whole machine' }).click();
    await pane.getByRole('button', { name: 'Events' }).click();
    await pane.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    const events = pane.getByRole('grid', { name: 'Events' });
    await expect
      .poll(() => {
        spawnSync('sh', ['-c', 'exit 41']);
        return events.getByText(/^exit code 41;/).count();
      })
      .toBeGreaterThan(0);
    await pane.getByRole('button', { name: 'Address spaces' }).click();
    // The newest are first then: on a busy machine others push it out of sight.
    const spaces = pane.getByRole('grid', { name: 'Address spaces' });
    await spaces.getByRole('button', { name: 'PID' }).click();
    await expect
      .poll(() => {
        spawnSync('sh', ['-c', 'exit 41']);
        return spaces.getByText('exit 41').count();
      })
      .toBeGreaterThan(0);
    await window.pictures('machine', paneSelector('Trace'));
    await pane.getByRole('button', { name: 'Stop', exact: true }).click();
    await pane.getByText(/let go, all runs on/).waitFor();
  });

  test('watches a page of a process that changes it', async () => {
    const lab = await startAtLab();
    const pane = await window.show('Watch');
    const number = pane.getByLabel('Number of pages');
    await number.fill('0');
    await pane.getByText('give 1 to 65536 pages').waitFor();
    await number.fill('1');
    await pane.getByRole('button', { name: 'Record', exact: true }).click();
    await pane.getByRole('button', { name: 'Save recording' }).waitFor();
    await pane.getByRole('button', { name: 'Watch', exact: true }).click();
    await pane.getByLabel('First page').fill(hexVa(lab.va + 4096n));
    await pane.getByRole('button', { name: 'Watch this, too' }).click();
    const places = pane.getByRole('list', { name: 'Watched pages' });
    await expect.poll(() => places.locator('[aria-busy=false]').count()).toBe(2);
    const changes = pane.getByRole('grid', { name: 'Changes' });
    for (const cause of READS_MAP_ZERO_PAGE
      ? ['the shared zero page was mapped', 'a frame of its own instead', 'the page was unmapped']
      : ['a frame of its own was mapped', undefined, 'the page was unmapped']) {
      await lab.go();
      if (cause) await changes.getByText(cause).first().waitFor();
    }
    await window.pictures('watch', paneSelector('Watch'));

    // The menu of a change: its page, the frame that the page maps since, and its cause.
    await window.catchCopies();
    const mapped = changes.locator('.grid-row').filter({ hasText: 'a frame of its own' }).first();
    expect(await window.menuOf(mapped)).toEqual(
      expect.arrayContaining([/^Go to the page/, /^Open the frame/].map((item) => expect.stringMatching(item))),
    );
    await window.chooseItem(/^Copy cause/);
    await expect.poll(() => window.copied()).toMatch(/a frame of its own|write/);
    await window.menuOf(mapped);
    await window.chooseItem(/^Copy address/);
    await expect.poll(() => window.copied()).toBe(hexVa(lab.va));
    await window.menuOf(mapped);
    await window.chooseItem(/^Open the frame/);
    const now = (await mapped.getByRole('gridcell').last().innerText()).match(/frame ([0-9a-f]+)/)?.[1];
    await window.frame.getByRole('heading', { name: `Frame ${now}` }).waitFor();
    const unmapped = changes.locator('.grid-row').filter({ hasText: 'the page was unmapped' }).first();
    expect(await window.menuOf(unmapped)).not.toContainEqual(expect.stringMatching(/^Open the frame/));
    await window.chooseItem(/^Go to the page/);
    await window.walk.getByRole('heading', { name: hexVa(lab.va) }).waitFor();
    const { problem, watches } = readCapture(await save('Save recording', 'recording.cr3scope'));
    expect([problem, new Set(watches.map((w) => w.pid))]).toEqual([undefined, new Set([lab.pid])]);
    expect(watches.length).toBeGreaterThanOrEqual(READS_MAP_ZERO_PAGE ? 5 : 4); // two first looks, and the changes
    lab.end();
    await pane.getByText('The process exited or executed another program').first().waitFor();
  });

  test('compares with a snapshot: what a program did meanwhile', async () => {
    const lab = await startAtLab();
    const va = hex(lab.va);
    const pane = await window.show('Compare');
    await pane.getByText('No snapshot is kept').waitFor();
    await pane.getByRole('button', { name: `Snapshot of ${lab.pid}` }).click();
    await pane.getByLabel('After').waitFor();
    await lab.go();
    await lab.go();
    await pane.getByRole('button', { name: 'Compare', exact: true }).click();
    const differences = pane.getByRole('grid', { name: 'Differences' });
    await differences.getByText(va).first().waitFor();
    await differences
      .getByText(/1 page: came to map a frame/)
      .first()
      .waitFor();
    await window.pictures('compare', paneSelector('Compare'));

    // The menu of a difference leads to its page.
    await window.catchCopies();
    const changed = differences.locator('.grid-row').filter({ hasText: va }).first();
    expect(await window.menuOf(changed)).toContainEqual(expect.stringMatching(/^Copy link to the page/));
    await window.chooseItem(/^Copy address/);
    await expect.poll(() => window.copied()).toBe(hexVa(lab.va));
    await differences.focus();
    await window.menuOf(changed);
    await window.chooseItem(/^Go to the page/);
    await window.walk.getByRole('heading', { name: hexVa(lab.va) }).waitFor();
    const csv = readFileSync(await save('CSV', 'differences.csv'), 'utf8');
    expect(csv).toMatch(new RegExp(`^pages,${lab.pid},.*0x0*${va},`, 'm'));
    const lines = readFileSync(await save('JSON Lines', 'differences.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'totals' });
    lab.end();
  });

  test('compares with a capture in a file', async () => {
    const capture = join(accountFolder(installed()), `${window.name}-lab.cr3scope`);
    const lab = await startAtLab();
    const written = spawnSync(process.execPath, ['out/main/cli.cjs', 'report', String(lab.pid), '-o', capture]);
    expect(String(written.stderr)).toBe('');
    execFileSync('chown', [ACCOUNT, capture]);
    const later = await startLabProgram('demand');
    const pane = await window.show('Compare');
    const path = pane.getByLabel('Capture in a file');
    await path.fill('/nonexistent.cr3scope');
    await pane.getByRole('button', { name: 'Open' }).click();
    await pane.getByText(/no such file/i).waitFor();
    await path.fill(capture);
    await pane.getByRole('button', { name: 'Open' }).click();
    await expect.poll(() => pane.getByLabel('Before').innerText()).toContain('lab.cr3scope');
    await pane.getByRole('button', { name: 'Compare', exact: true }).click();
    await pane.getByText(/gone, [1-9].* came/).waitFor(); // the later one, at least
    await pane.getByRole('button', { name: 'Drop' }).click();
    await pane.getByText('No snapshot is kept').waitFor();
    later.end();
    lab.end();
  });

  test('a lab, step by step, with the walk beside it', async () => {
    await window.startAtCpus();
    const pane = await window.show('Labs');
    await pane.getByRole('button', { name: /Copy on write after fork/ }).click();
    await pane.getByText('One process, one frame, writable.').waitFor();
    await pane.getByRole('button', { name: 'Next step' }).click();
    await pane.getByText('both have lost their RW bit').waitFor();
    await pane.getByRole('button', { name: 'Next step' }).click();
    await pane.getByText('The write faulted').waitFor();
    await pane.getByRole('row').filter({ hasText: 'child' }).getByText('writable').waitFor();
    await expect.poll(() => window.walk.innerText()).toMatch(/user · read · write/);
    await window.pictures('lab', paneSelector('Labs'));
    for (const name of ['Next step', 'Next step', 'Finish']) await pane.getByRole('button', { name }).click();
    await pane.getByRole('button', { name: 'Run it again' }).waitFor();
    await pane.getByRole('button', { name: 'All labs' }).click();
    await pane.getByRole('button', { name: /Huge pages/ }).waitFor();
    await window.pictures('labs', paneSelector('Labs'));
  });
});
