// SPDX-License-Identifier: GPL-2.0-only
// What colours and numbers mean: the owners of physical memory, the roots of the CPUs, and the pages that were checked.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLabProgram } from '../lab.ts';
import { inOneFace, PAGE, paneSelector } from './window.ts';

let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

/** Whether a process of this PID and name is here now, or was: a name alone is no process of the window's invention. */
const isNamed = (text: string) => {
  const [, pid = '', name = ''] = /^(\d+) (.+)$/.exec(text) ?? [];
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
  } catch {
    return name !== '';
  }
};

inOneFace((window) => {
  test('the map of physical memory names the owners of its colours, and has cells of a power of two', async () => {
    await window.startAtCpus();
    const pane = await window.show('Physical memory');
    await pane.locator('.memory-map[aria-busy=false]').waitFor();
    const size = /([\d.]+) ([KMG])iB a cell/.exec(await pane.innerText());
    const bytes = Number(size?.[1]) * 2 ** { K: 10, M: 20, G: 30 }[(size?.[2] ?? 'K') as 'K' | 'M' | 'G'];
    expect([bytes >= 4096, Math.log2(bytes) % 1]).toEqual([true, 0]);
    await pane.getByLabel('Colour by').selectOption('owner');
    const key = pane.locator('.legend-item');
    await key.filter({ hasText: 'no process' }).waitFor();
    const owners = (await key.allInnerTexts()).map((t) => t.trim()).filter((t) => /^\d+ (?!other processes)/.test(t));
    expect(owners.length).toBeGreaterThan(0);
    expect(owners.filter((t) => !isNamed(t))).toEqual([]);
    const colours = await key.locator('i').evaluateAll((all) => all.map((i) => getComputedStyle(i).backgroundColor));
    expect(new Set(colours).size).toBe(colours.length);
    await window.pictures('memory-owners', PAGE);
    await pane.getByLabel('Colour by').selectOption('size');
    await key.filter({ hasText: 'mapped by no process' }).waitFor();
    await pane.getByLabel('Colour by').selectOption('role');
    await key.filter({ hasText: 'zero page' }).first().waitFor();
    await key.filter({ hasText: 'free' }).first().waitFor();
    await pane.getByText('fainter: fewer frames of the cell').waitFor();
    await pane.getByLabel('Colour by').selectOption('flag');
    await key.filter({ hasText: 'no frame has it' }).waitFor();
    await window.pictures('memory-flag', paneSelector('Physical memory'));
  });

  test('the strips of the CPUs have a key', async () => {
    await window.startAtCpus();
    const key = window.page.getByRole('region', { name: 'Colours of the strips' });
    await key.getByText('not known').waitFor();
    await expect.poll(async () => (await key.locator('.legend-item').count()) > 1).toBe(true);
    const [named, drawn] = await window.page.evaluate(() =>
      ['.root-key i', '.cpu-strip i'].map((selector) =>
        [...document.querySelectorAll(selector)].map((i) => getComputedStyle(i).backgroundColor),
      ),
    );
    expect(new Set(named).size).toBe(named?.length);
    expect(drawn?.filter((colour) => !named?.includes(colour))).toEqual([]);
    await window.pictures('cpus-key', PAGE);
  });

  test('the status says how many of the checked pages are reserved and empty', async () => {
    await window.startAt(program);
    const line = window.page.getByText(/pages checked in/);
    const [, empty = ''] = / · ([\d\u202f]+) of them reserved and empty/.exec(await line.innerText()) ?? [];
    const legend = window.page.getByRole('button', { name: /^not present/ });
    expect((await legend.innerText()).replace(/\D/g, '')).toBe(empty.replace(/\D/g, ''));
  });
});
