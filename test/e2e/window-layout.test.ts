// SPDX-License-Identifier: GPL-2.0-only
// The panes of the window: which stand beside which view, and what the window remembers.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { startLabProgram } from '../lab.ts';
import { inOneFace, PAGE } from './window.ts';

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

inOneFace((window) => {
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
    await window.pane('Address space').getByText('A kernel thread has no address space').waitFor();
    await window.frame.getByText('No frame is open').waitFor();
    await window.walk.getByText('A kernel thread has no address space').waitFor();
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

  test('an address space opens at a mapped page of its largest region; regions and pages stand side by side', async () => {
    await window.startAt(program);
    await window.walk.getByRole('button', { name: /^0x/ }).waitFor();
    const regions = window.page.getByRole('grid', { name: 'Regions' });
    const pages = window.page.getByRole('grid', { name: 'Pages' });
    const chosen = regions.locator('[aria-selected=true]');
    await chosen.getByText('libc.so.6').waitFor();
    await pages.locator('[aria-selected=true]').getByText('agree').waitFor();
    const [left, right] = [await regions.boundingBox(), await pages.boundingBox()];
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThanOrEqual(right?.x ?? 0);
    expect(Math.min(left?.height ?? 0, right?.height ?? 0)).toBeGreaterThan(200);
    // Arrow keys take the selection through the whole list; it is never hidden by the edge or the heading.
    await regions.focus();
    for (const key of ['End', 'ArrowUp', 'ArrowUp', 'Home', ...Array.from({ length: 24 }, () => 'ArrowDown')]) {
      await window.page.keyboard.press(key);
      await expect
        .poll(async () => {
          const [row, grid] = [await chosen.boundingBox(), await regions.boundingBox()];
          return row && grid && row.y - grid.y >= 24 && row.y + row.height <= grid.y + grid.height + 1;
        })
        .toBe(true);
    }
    // A region that is chosen has its page, walk and frame.
    const begin = (await chosen.getByRole('gridcell').first().innerText()).trim();
    await pages.getByRole('row').nth(1).getByText(begin.slice(0, 9)).waitFor();
    await expect.poll(() => window.walk.getByRole('heading').innerText()).toContain(begin.slice(0, 7));
  });

  test('regions are summed up by type, and a type lists its regions', async () => {
    await window.startAt(program);
    await window.page.getByRole('button', { name: 'By type' }).click();
    const types = window.page.getByRole('grid', { name: 'Regions by type' });
    const number = async (type: string) =>
      Number(await types.getByRole('row').filter({ hasText: type }).getByRole('gridcell').nth(1).innerText());
    const all = await number('all');
    const maps = readFileSync(`/proc/${program.pid}/maps`, 'utf8').trim().split('\n');
    expect(all).toBe(maps.length);
    const code = maps.filter((line) => / r-xp .*\//.test(line)).length;
    expect(await number('code')).toBe(code);
    await window.pictures('types', PAGE);
    await types.getByText('code').click();
    await expect.poll(() => window.page.getByRole('grid', { name: 'Regions' }).getByRole('row').count()).toBe(code + 1);
    await window.page.getByRole('button', { name: 'Show regions of every type' }).click();
    await expect
      .poll(() => window.page.getByRole('grid', { name: 'Regions' }).getAttribute('aria-rowcount'))
      .toBe(String(all + 1));
  });

  test('the map says whether it is to scale, and zooms by wheel, drag and keys', async () => {
    await window.startAt(program);
    const map = window.page.getByRole('slider', { name: /Map of the address space/ });
    const line = window.page.getByText(/regions? ·/);
    await line.filter({ hasText: 'not to scale' }).waitFor();
    const box = await map.boundingBox();
    if (!box) throw new Error('there is no map');
    const at = (fraction: number) => [box.x + box.width * fraction, box.y + 10] as const;
    await window.page.mouse.move(...at(0.5));
    await window.page.mouse.wheel(0, -300);
    await window.page.mouse.move(box.x, box.y - 40); // beside it, the line says what is in sight
    await window.page.getByText(/^\d+ of \d+ regions/).waitFor();
    await map.focus();
    await window.page.keyboard.press('0');
    await window.page.mouse.move(...at(0.4));
    await window.page.mouse.down();
    await window.page.mouse.move(...at(0.41), { steps: 4 });
    await window.page.mouse.up();
    await window.page.mouse.move(box.x, box.y - 40);
    await window.page.getByText(/^\d of \d+ regions/).waitFor();
    await window.picture('map-zoomed');
    for (let i = 0; i < 12; i++) await window.page.keyboard.press('+');
    await window.page.getByText(/^1 of \d+ regions/).waitFor();
    await window.page
      .locator('.map-axis b')
      .getByText(/[KM]iB|byte/)
      .waitFor();
    await window.page.getByRole('button', { name: 'Show the whole map' }).click();
    await line.filter({ hasText: 'not to scale' }).waitFor();
  });

  test('pages with a verdict have their region beside them, and no other region is chosen', async () => {
    await window.startAt(program);
    await window.page.getByRole('button', { name: /^not present/ }).click();
    const pages = window.page.getByRole('grid', { name: 'Pages' });
    await pages.getByRole('columnheader', { name: 'Region' }).waitFor();
    const chosen = window.page.getByRole('grid', { name: 'Regions' }).locator('[aria-selected=true]');
    await expect.poll(() => chosen.count()).toBe(0);
    const row = pages.getByRole('row').nth(2);
    const name = await row.getByRole('gridcell').nth(1).innerText();
    await row.click();
    await chosen.getByText(name).waitFor();
    await window.page.keyboard.press('Escape');
    await expect.poll(() => pages.getByRole('columnheader', { name: 'Region' }).count()).toBe(0);
    expect(await chosen.count()).toBe(1);
  });

  test('Back and Forward go through every place, and the way down to it is shown', async () => {
    await startAtPage();
    const place = window.page.getByRole('navigation', { name: 'Place' });
    const way = async () => (await place.getByRole('listitem').allInnerTexts()).map((text) => text.trim());
    const page = hexVa(program.va);
    const frame = titleOfPage().toLowerCase();
    const first = [`${program.pid} labs`, expect.stringMatching(/ rw-p$/), page, frame];
    await expect.poll(way).toEqual(first);
    // Moves by key are one place: where they end.
    await window.page.getByRole('grid', { name: 'Regions' }).focus();
    for (let i = 0; i < 3; i++) await window.page.keyboard.press('ArrowUp');
    await expect.poll(async () => (await way())[2]).not.toBe(page);
    const moved = (await way())[2];
    const cpus = await window.show('CPUs');
    await cpus
      .getByRole('button', { name: /^0x[0-9a-f]+$/ })
      .first()
      .click();
    await expect.poll(way).toEqual(['CPUs', expect.stringMatching(/^frame /)]);
    const back = () => window.page.keyboard.press('Alt+ArrowLeft');
    await back();
    await expect.poll(way).toEqual(['CPUs']);
    expect(await isShown('Frame')).toBe(false);
    await back();
    await expect.poll(async () => (await way())[2]).toBe(moved);
    await place.getByRole('button', { name: 'Back' }).click();
    await expect.poll(way).toEqual(first);
    await expect.poll(frameTitle).toBe(titleOfPage());
    for (let i = 0; i < 3; i++) await window.page.keyboard.press('Alt+ArrowRight');
    await expect.poll(way).toEqual(['CPUs', expect.stringMatching(/^frame /)]);
    expect(await place.getByRole('button', { name: 'Forward' }).isDisabled()).toBe(true);
    // The buttons of a mouse do the same.
    await window.page.evaluate(() =>
      document.body.dispatchEvent(new MouseEvent('mouseup', { button: 3, bubbles: true, cancelable: true })),
    );
    await expect.poll(way).toEqual(['CPUs']);
    await window.axe('nav');
  });

  test('an error has its own place beside the progress, and goes by Esc or with the next place', async () => {
    await window.startAt(program);
    const error = window.page.getByRole('alert').getByText(/is not a process, address or frame here|no such thing/);
    const progress = window.page.getByText(/pages checked in/);
    await window.go('no such thing');
    await error.waitFor();
    expect(await progress.isVisible()).toBe(true);
    await window.pictures('notice', PAGE);
    await window.page.getByRole('navigation', { name: 'Place' }).getByRole('button').last().focus();
    await window.page.keyboard.press('Escape');
    await error.waitFor({ state: 'hidden' });
    await window.go('no such thing');
    await error.waitFor();
    await window.show('CPUs');
    await error.waitFor({ state: 'hidden' });
  });

  test('the window remembers the sorting, the view and the process by its name', async () => {
    await window.startAt(program);
    const regions = window.page.getByRole('grid', { name: 'Regions' });
    const size = regions.getByRole('columnheader', { name: 'Size' });
    const order = () => size.getAttribute('aria-sort');
    await size.getByRole('button').click();
    const sorted = await order();
    expect(sorted).not.toBe('none');
    await window.show('Tables');
    await window.show('Address space');
    expect(await order()).toBe(sorted);
    await window.show('Tables');
    // Opened anew, without a link.
    await window.page.evaluate(() => history.replaceState(null, '', '#'));
    await window.page.reload();
    await window.pane('Tables').getByRole('heading', { name: /labs$/ }).waitFor();
    await window.show('Address space');
    expect(await order()).toBe(sorted);
  });
});
