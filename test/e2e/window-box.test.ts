// SPDX-License-Identifier: GPL-2.0-only
// The one box: what it takes, what it says it will do, and help.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hexVa } from '../../app/contract/format.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { DIALOG, inOneFace } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('restless');
});
afterAll(() => fixture?.stop());

inOneFace((window) => {
  const box = () => window.page.getByLabel('Go to a process, address, frame or entry');
  const says = () => window.page.locator('.query-does');
  const type = async (text: string) => {
    await window.page.keyboard.press('Control+k');
    await box().fill(text);
  };

  test('a root says whose it is; an address, a line of maps and a name lead to their places', async () => {
    await window.startAt(fixture);
    const [, root] = /root PA 0x([0-9a-f]+)/.exec(await window.pane('Address space').innerText()) ?? [];
    await window.startAtCpus();
    await type(`CR3=${root}`);
    await says().getByText(`Opens process ${fixture.pid} restless, whose root this is.`).waitFor();
    await box().press('Enter');
    await window.checked(fixture.pid);

    const [line = ''] = readFileSync(`/proc/${fixture.pid}/maps`, 'utf8')
      .split('\n')
      .filter((l) => l.includes('libc'));
    const begin = line.slice(0, line.indexOf('-'));
    await type(line);
    await says().getByText(`Shows this region of process ${fixture.pid} restless.`).waitFor();
    await box().press('Enter');
    await window.walk.getByText(begin).first().waitFor();

    await type('libc');
    await window.page.getByRole('option', { name: /libc\.so/ }).waitFor();
    await window.pictures('box', '.query-popup');
    await type('stack');
    await window.page.getByRole('option', { name: /\[stack\]/ }).waitFor();
    await box().press('Enter');
    await window.page
      .getByRole('grid', { name: 'Regions' })
      .locator('[aria-selected=true]')
      .getByText('[stack]')
      .waitFor();

    const va = fixture.processes[0]?.va ?? 0n;
    await window.startAtCpus();
    await window.go(`${fixture.pid}:${hexVa(va)}+30`);
    await window.walk
      .getByText(hexVa(va + 0x30n))
      .first()
      .waitFor();
  });

  test('views and commands by name, by keyboard alone; what is nothing says so', async () => {
    await window.startAtCpus();
    await type('tables');
    await says().getByText('Shows the view Tables.').waitFor();
    await box().press('Enter');
    await window.page.getByRole('tab', { name: 'Tables', selected: true }).waitFor();
    await type('xyzzy');
    await says()
      .getByText(/Nothing here has this name/)
      .waitFor();
    await type('watch');
    await window.page.getByRole('option').first().waitFor();
    await box().press('ArrowDown');
    await box().press('ArrowUp');
    await box().press('Enter');
    await window.page.getByRole('tab', { name: 'Watch', selected: true }).waitFor();
  });

  test('F1, ? and the box open the help, which has the terms and says what this is', async () => {
    await window.startAtCpus();
    await window.page.keyboard.press('F1');
    await window.dialog.getByRole('heading', { name: 'What the box at the top takes' }).waitFor();
    await window.pictures('help', DIALOG);
    await window.closeDialog();
    await window.page.getByRole('heading', { name: 'CPU 0' }).click();
    await window.page.keyboard.press('Shift+?');
    await window.dialog.getByRole('tab', { name: 'Glossary' }).click();
    await window.dialog.getByLabel('Find a term').fill('PCID');
    await expect.poll(() => window.dialog.getByRole('row').count()).toBeGreaterThan(1);
    await window.closeDialog();
    await window.go('about');
    await window.dialog.getByText(/GPL-2\.0-only/).waitFor();
    await window.dialog.getByText('table walk').first().waitFor();
    await window.closeDialog();
  });

  test('Ctrl and a digit show the views, F5 reads again', async () => {
    await window.startAtCpus();
    const at = (n: number) =>
      window.page
        .getByRole('tab', { selected: true })
        .nth(0)
        .innerText()
        .then((text) => [n, text]);
    const names = await window.page.getByRole('tab').allInnerTexts();
    for (const n of [2, 5, 1]) {
      await window.page.keyboard.press(`Control+${n}`);
      await expect.poll(() => at(n)).toEqual([n, names[n - 1]]);
    }
    const late = await startFixture('restless');
    try {
      await window.page.keyboard.press('F5');
      await window.page.getByLabel('Filter processes').fill(String(late.pid));
      await window.page.getByRole('grid', { name: 'Processes' }).getByText(String(late.pid)).waitFor();
    } finally {
      await late.stop();
    }
  });
});
