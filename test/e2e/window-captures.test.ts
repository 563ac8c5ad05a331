// SPDX-License-Identifier: GPL-2.0-only
// Captures in the window: by path, by dialog, dropped, and those that were opened last.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLabProgram } from '../lab.ts';
import { DIALOG, inEachFace, PAGE } from './window.ts';

let program: Awaited<ReturnType<typeof startLabProgram>>;
let folder: string;
/** A capture of the program, and a file that is none. */
let capture: string;
let broken: string;
beforeAll(async () => {
  program = await startLabProgram('cow');
  folder = mkdtempSync(join(tmpdir(), 'captures-'));
  chmodSync(folder, 0o755);
  capture = join(folder, 'now.cr3scope');
  broken = join(folder, 'broken.cr3scope');
  execFileSync('node_modules/.bin/node', ['out/main/cli.cjs', 'report', String(program.pid), '-o', capture]);
  writeFileSync(broken, 'this is no capture');
  for (const path of [capture, broken]) chmodSync(path, 0o644);
});
afterAll(() => {
  program?.end();
  rmSync(folder, { recursive: true });
});

inEachFace((window) => {
  /** The desktop opens a window of its own; a page goes to the capture itself. */
  const isShown = (name: RegExp) =>
    expect.poll(() => window.face.titles(), { timeout: 30_000 }).toContainEqual(expect.stringMatching(name));

  const openDialog = async () => {
    await window.page.keyboard.press('Control+o');
    await window.dialog.waitFor();
  };

  test('the title names what is looked at, and the machine', async () => {
    await window.startAt(program);
    const host = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    expect(await window.page.title()).toBe(`${program.pid} labs — ${host} — cr3scope`);
    await window.show('CPUs');
    expect(await window.page.title()).toBe(`CPUs — ${host} — cr3scope`);
  });

  test('a capture is opened by its path, and is among the last ones; a missing one is marked', async () => {
    await window.startAtCpus();
    await openDialog();
    const path = window.dialog.getByLabel(/^Path/);
    await path.fill(broken);
    await path.press('Enter');
    await window.dialog
      .getByRole('alert')
      .getByText(/capture/)
      .waitFor();
    await path.fill(capture);
    await path.press('Enter');
    if (window.name === 'browser') {
      await isShown(/now\.cr3scope/);
      await window.page.goBack();
      await isShown(/^(?!.*\.cr3scope)/);
    } else await isShown(/now\.cr3scope/);
    const copy = join(folder, `${window.name}.cr3scope`);
    writeFileSync(copy, readFileSync(capture));
    chmodSync(copy, 0o644);
    await window.startAtCpus();
    await openDialog();
    await path.fill(copy);
    await path.press('Enter');
    if (window.name === 'browser') {
      await isShown(/browser\.cr3scope/);
      await window.page.goBack();
      await isShown(/^(?!.*\.cr3scope)/);
    } else await window.dialog.waitFor({ state: 'hidden' });
    rmSync(copy);
    await window.startAtCpus();
    await openDialog();
    const last = window.dialog.getByRole('list', { name: 'Files that were opened last' }).getByRole('listitem');
    await last
      .filter({ hasText: `${window.name}.cr3scope` })
      .getByText('is not there any more')
      .waitFor();
    expect(await last.filter({ hasText: 'now.cr3scope' }).getByRole('button').isEnabled()).toBe(true);
    // The desktop has other windows open now.
    if (window.name === 'browser') await window.pictures('open-capture', DIALOG);
    await window.closeDialog();
  });

  /** Whether a file that was dropped is shown. A browser sends it, under a name that begins with a number. */
  const dropped = async (name: string, sent = window.name === 'browser') => {
    const title = new RegExp(`— ${sent ? '\\d+-' : ''}${name}\\.cr3scope — cr3scope$`);
    await isShown(title);
    if (window.name === 'electron') return;
    await window.page.goBack();
    await isShown(/^(?!.*\.cr3scope)/);
  };

  test('a capture that is dropped onto the window is opened, and what is none is refused', async () => {
    await window.startAtCpus();
    const target = window.page.getByText('Drop a capture here to open it.');
    await window.drop([broken], async () => {
      await target.waitFor();
      await window.picture('drop');
    });
    await window.page
      .getByRole('alert')
      .filter({ hasText: /capture/ })
      .waitFor();
    await target.waitFor({ state: 'hidden' });
    await window.axe(PAGE);
    const copy = join(folder, `dropped-${window.name}.cr3scope`);
    writeFileSync(copy, readFileSync(capture));
    chmodSync(copy, 0o644);
    await window.drop([copy]);
    await dropped(`dropped-${window.name}`);
  });

  test('what is dropped and is no file of this machine is sent', async () => {
    await window.startAtCpus();
    await window.page.evaluate(
      ([file, text]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(text as string), (c) => c.charCodeAt(0))], file as string));
        for (const type of ['dragover', 'drop'])
          globalThis.dispatchEvent(new DragEvent(type, { dataTransfer: data, cancelable: true }));
      },
      ['sent.cr3scope', readFileSync(capture).toString('base64')],
    );
    await dropped('sent', true);
  });

  test('the view Compare takes a file that is dropped', async () => {
    await window.startAtCpus();
    const pane = await window.show('Compare');
    await window.drop([capture]);
    await expect.poll(() => pane.getByLabel('Before').locator('option').allInnerTexts()).toHaveLength(1);
    expect(await pane.getByLabel('Before').innerText()).toContain('now.cr3scope');
  });

  test('the view Compare takes a file by dialog', async () => {
    await window.startAtCpus();
    const pane = await window.show('Compare');
    await window.face.choose(capture, () => pane.getByRole('button', { name: 'Choose a file…' }).click());
    await pane.getByLabel('Before').locator('option').first().waitFor({ state: 'attached' });
    expect(await pane.getByLabel('Before').locator('option').allInnerTexts()).toHaveLength(1);
  });
});
