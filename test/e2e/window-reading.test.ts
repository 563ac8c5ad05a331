// SPDX-License-Identifier: GPL-2.0-only
// What the window shows is of one moment, says which, and stays when the process is gone.
import { expect, test } from 'vitest';
import { hex } from '../../app/contract/format.ts';
import { startFixture } from '../fixture.ts';
import { inOneFace, PAGE } from './window.ts';

inOneFace((window) => {
  const legend = () => window.page.getByRole('group', { name: /Verdicts/ });

  test('checking a process that is gone keeps its last result, marked with its time', async () => {
    const brief = await startFixture('stripes');
    await window.startAt(brief);
    const before = await legend().innerText();
    await brief.stop();
    await window.page.getByRole('button', { name: 'Check again' }).click();
    await window.page.getByText(/This process is gone\. Its last check finished at \d\d:\d\d:\d\d/).waitFor();
    expect(await legend().innerText()).toBe(before);
    expect(before).toMatch(/agree\s+[1-9]/);
    await window.pictures('gone', PAGE);
  });

  test('what is shown of a page is one reading: it follows the page, or is pinned and marked once it is not true', async () => {
    const restless = await startFixture('restless');
    const move = () => process.kill(restless.pid, 'SIGUSR1');
    const [{ va } = { va: 0n }] = restless.processes;
    try {
      await window.start(`cr3scope://address/${restless.pid}/${hex(va)}`);
      const { walk, page } = window;
      const heading = window.frame.getByRole('heading');
      /** The frames that the walk, the row and the frame name at one moment; undefined if they say that the page was changing. */
      const shownNow = () =>
        page.evaluate(() => {
          const text = (selector: string) => document.querySelector<HTMLElement>(selector)?.innerText ?? '';
          if (text('[aria-label="Pages"] [aria-selected=true]').includes('changed between')) return undefined;
          return {
            walk: /table walk\s+PFN ([0-9a-f]+)/.exec(text('[aria-label="The walk"]'))?.[1],
            row: /\b0*([0-9a-f]+)\s+0*\1\b/.exec(text('[aria-label="Pages"] [aria-selected=true]'))?.[1],
            frame: /Frame ([0-9a-f]+)/.exec(text('[aria-label="Frame"] h2'))?.[1],
          };
        });
      const shown = async () => {
        for (let now = await shownNow(); ; now = await shownNow()) if (now) return now;
      };
      const all = (pfn: string) => ({ walk: pfn, row: pfn, frame: pfn });
      const frameNow = async () => (await heading.innerText()).replace('Frame ', '');
      const first = await expect
        .poll(async () => new Set(Object.values(await shown())).size)
        .toBe(1)
        .then(frameNow);
      move();
      await expect.poll(frameNow).not.toBe(first);
      expect(await shown()).toEqual(all(await frameNow()));

      await walk.getByRole('button', { name: 'pin' }).click();
      const pinned = await frameNow();
      move();
      await walk.getByText(/No longer true at \d\d:\d\d:\d\d: another frame \([0-9a-f]+\)/).waitFor();
      expect(await shown()).toEqual(all(pinned));
      await window.pictures('pinned', PAGE);
      await walk.getByRole('button', { name: 'Read the page again' }).click();
      await expect.poll(frameNow).not.toBe(pinned);
      expect(await shown()).toEqual(all(await frameNow()));
      await restless.stop();
      await walk.getByText(/No longer true at .* the process is gone/).waitFor();
    } finally {
      await restless.stop();
    }
  });
});
