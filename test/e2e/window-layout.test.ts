// SPDX-License-Identifier: GPL-2.0-only
// The panes of the window: which stand beside which view, and what the window remembers.
import { closeSync, openSync, readSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { startLabProgram } from '../lab.ts';
import { inEachFace, PAGE } from './window.ts';

/** A program with a page that is mapped and writable. */
let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

/** The title of the frame that the program's page maps, by its pagemap. */
function titleOfPage(): string {
  const pagemap = openSync(`/proc/${program.pid}/pagemap`, 'r');
  const word = new BigUint64Array(1);
  readSync(pagemap, word, 0, 8, (program.va >> 12n) * 8n);
  closeSync(pagemap);
  return `Frame ${hex((word[0] as bigint) & ((1n << 55n) - 1n))}`;
}

inEachFace((window) => {
  const startAtPage = () => window.start(`cr3scope://address/${program.pid}/${hex(program.va)}`);
  const pane = (name: string) => window.page.getByRole('group', { name: 'Panes' }).getByRole('button', { name });
  const isShown = (name: string) => window.pane(name).isVisible();
  const frameTitle = () => window.frame.getByRole('heading').innerText();

  test('a view of the machine stands alone until something is chosen in it', async () => {
    const { va } = program;
    await startAtPage();
    await window.walk.getByRole('heading', { name: hexVa(va) }).waitFor();
    await expect.poll(frameTitle).toBe(titleOfPage());

    const cpus = await window.show('CPUs');
    const root = cpus.getByRole('button', { name: /^0x[0-9a-f]+$/ }).first();
    await root.waitFor();
    for (const name of ['Processes', 'Walk', 'Frame']) expect([name, await isShown(name)]).toEqual([name, false]);
    for (const name of ['List of processes', 'Bytes of the frame', 'Inspector'])
      expect(await pane(name).isDisabled()).toBe(true);
    // A frame that is chosen there has no walk.
    await root.click();
    await window.pane('Frame facts').getByText('page table').first().waitFor();
    expect(await window.page.getByRole('tab', { name: 'Walk' }).getAttribute('aria-disabled')).toBe('true');
    expect(await frameTitle()).not.toBe(titleOfPage());
    await window.pictures('cpus-root', PAGE);

    await window.show('Trace');
    for (const name of ['Frame facts', 'Frame']) expect([name, await isShown(name)]).toEqual([name, false]);

    await window.show('Tables');
    await window.walk.getByRole('heading', { name: hexVa(va) }).waitFor();
    await expect.poll(frameTitle).toBe(titleOfPage());
  });

  test('another process leaves nothing of the one before', async () => {
    await startAtPage();
    await expect.poll(frameTitle).toBe(titleOfPage());
    await window.page.getByLabel('kernel threads').check();
    await window.page.getByLabel('Filter processes').fill('kthreadd');
    await window.page.getByRole('grid', { name: 'Processes' }).getByText('[kthreadd]').click();
    await window.pane('Address space').getByText('This process has no address space').waitFor();
    await window.frame.getByText('No frame is open').waitFor();
    await window.walk.getByText('No address is chosen').waitFor();
  });

  test('panes are closed and opened, and stay so', async () => {
    await startAtPage();
    await window.walk.waitFor();
    const names = { 'List of processes': 'Processes', 'Bytes of the frame': 'Frame', Inspector: 'Walk' };
    for (const [button, name] of Object.entries(names)) {
      await pane(button).click();
      await window.pane(name).waitFor({ state: 'hidden' });
    }
    await window.page.reload();
    await window.pane('Address space').waitFor();
    for (const [button, name] of Object.entries(names)) {
      expect([name, await isShown(name)]).toEqual([name, false]);
      await pane(button).click();
      await window.pane(name).waitFor();
    }
  });

  test('the size of a pane stays', async () => {
    await startAtPage();
    const width = async () => Math.round((await window.pane('Walk').boundingBox())?.width ?? 0);
    const before = await width();
    await window.page.getByRole('separator', { name: 'Width of the inspector' }).focus();
    for (let i = 0; i < 2; i++) await window.page.keyboard.press('ArrowLeft');
    await expect.poll(width).toBeGreaterThan(before + 20);
    const after = await width();
    await window.page.reload();
    await window.walk.waitFor();
    expect(await width()).toBe(after);
  });

  test('a small window has room for the pages, the walk and the bytes', async () => {
    await startAtPage();
    await window.walk.getByRole('heading').waitFor();
    await window.pictures('small', PAGE);
    for (const [width, height] of [
      [1000, 700],
      [960, 600],
    ] as const) {
      await window.face.resize(width, height);
      await window.pane('Processes').waitFor({ state: 'hidden' });
      expect((await window.page.getByRole('grid', { name: 'Pages' }).boundingBox())?.height).toBeGreaterThan(100);
      expect(await isShown('Walk')).toBe(true);
      if (!(await isShown('Frame'))) await pane('Bytes of the frame').click();
      await window.frame.locator('.hex-line').nth(3).waitFor();
      await pane('List of processes').click();
      await window.pane('Processes').waitFor();
      await pane('List of processes').click();
    }
  });
});
