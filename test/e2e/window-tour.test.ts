// SPDX-License-Identifier: GPL-2.0-only
// What helps a newcomer and an audience: the tour, the glossary behind a term, and the presentation.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLabProgram } from '../lab.ts';
import { inOneFace, PAGE } from './window.ts';

let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

inOneFace((window) => {
  const press = (key: string) => window.page.keyboard.press(key);
  const reload = async () => {
    await window.page.reload();
    await window.page.locator('main[aria-busy=false]').waitFor();
  };

  test('the tour is offered once, goes by keyboard, can be skipped, and starts again from the help', async () => {
    await window.startAt(program);
    await window.page.evaluate(() => localStorage.removeItem('cr3scope.tour'));
    await reload();
    const offer = window.page.getByRole('button', { name: 'Start the tour' });
    await offer.waitFor();
    await window.pictures('tour-offer', PAGE);
    await offer.press('Enter');
    for (let step = 1; step <= 5; step++) {
      await window.dialog.getByText(`Step ${step} of 5`).waitFor();
      const inside = () => window.page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null);
      await expect.poll(inside).toBe(true);
      expect(await window.page.locator('.tour-place').count()).toBe(1);
      if (step === 3) await window.pictures('tour', PAGE);
      await window.dialog.getByRole('button', { name: step === 5 ? 'Finish' : 'Next' }).press('Enter');
    }
    await window.dialog.waitFor({ state: 'hidden' });
    await reload();
    await window.page.getByRole('grid', { name: 'Processes' }).waitFor();
    expect(await offer.count()).toBe(0);
    await press('F1');
    await window.dialog.getByRole('button', { name: 'Start the tour' }).click();
    await window.dialog.getByText('Step 1 of 5').waitFor();
    await press('Escape');
    await window.dialog.waitFor({ state: 'hidden' });
  });

  test('a term of the window leads to its entry in the glossary', async () => {
    await window.startAt(program);
    await window.walk.getByRole('button', { name: 'root PA' }).click();
    const terms = window.dialog.getByRole('table', { name: 'Terms' });
    await terms.getByRole('row').first().getByRole('rowheader', { name: 'root PA', exact: true }).waitFor();
    await terms.getByText('The physical address of the root page table').waitFor();
    // The others are one word away.
    await window.dialog.getByLabel('Find a term').fill('pagemap');
    await terms.getByRole('rowheader', { name: 'pagemap' }).waitFor();
    await window.closeDialog();
    await expect
      .poll(() => window.walk.getByRole('button', { name: 'root PA' }).evaluate((b) => document.activeElement === b))
      .toBe(true);
  });

  test('the presentation shows one view in large type until Esc leaves it, also after a reload', async () => {
    await window.startAt(program);
    const pages = window.page.getByRole('grid', { name: 'Pages' });
    const height = async () => (await pages.getByRole('row').nth(1).boundingBox())?.height ?? 0;
    const before = await height();
    await press('Control+Shift+P');
    await expect.poll(height).toBeGreaterThan(before * 1.4);
    for (const name of ['Processes', 'Walk', 'Frame'])
      expect([name, await window.pane(name).isVisible()]).toEqual([name, false]);
    expect(await window.page.locator('.view-tabs').isVisible()).toBe(false);
    await window.pictures('presentation', PAGE);
    // The pointer meets what is under it.
    const map = window.page.getByRole('slider', { name: /Map of the address space/ });
    const place = window.page.locator('.place-line li'); // it is hidden
    const page = await place.nth(2).textContent();
    const box = await map.boundingBox();
    if (box) await window.page.mouse.click(box.x + box.width * 0.02, box.y + 8);
    await expect.poll(() => place.nth(2).textContent()).not.toBe(page);
    await reload();
    await expect.poll(height).toBeGreaterThan(before * 1.4);
    await press('Escape');
    await expect.poll(height).toBe(before);
    await window.pane('Walk').waitFor();
    // Another view is turned to by its key, and the button leaves, too.
    await press('Control+Shift+P');
    await press('Control+5');
    await window.pane('CPUs').waitFor();
    await window.page.getByRole('button', { name: 'Leave the presentation (Esc)' }).click();
    await expect.poll(() => window.page.locator('.view-tabs').isVisible()).toBe(true);
  });
});
