// SPDX-License-Identifier: GPL-2.0-only
// What every table of the window can do: its columns, its selection, and moving in it by keys.
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fixture, startFixture } from '../fixture.ts';
import { inOneFace } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture?.stop());

/** Whether the row stands below the heading and above the lower edge of its table, as a whole. */
const isInSight = (row: Locator): Promise<boolean> =>
  row.evaluate((element) => {
    const grid = element.closest('[role=grid]') as HTMLElement;
    const [top, box] = [grid.querySelector('.grid-head')?.getBoundingClientRect(), element.getBoundingClientRect()];
    const end = grid.getBoundingClientRect().top + grid.clientHeight;
    return top !== undefined && box.top >= top.bottom - 1 && box.bottom <= end + 1;
  });

inOneFace((window) => {
  // Not by role: while a list of completions is open, everything else is hidden from assistive programs.
  const grid = (name: string) => window.page.locator(`[role=grid][aria-label="${name}"]`);
  const headings = (name: string) => grid(name).locator('[role=columnheader]');
  const names = async (name: string) => (await headings(name).allInnerTexts()).map((text) => text.trim());
  const heading = (name: string, column: string) => grid(name).getByRole('columnheader', { name: column, exact: true });
  const width = async (name: string, column: string) => (await heading(name, column).boundingBox())?.width ?? 0;
  const menuItem = (name: string) => window.page.getByRole('menuitem', { name, exact: true });
  const restore = async (name: string) => {
    await window.page.getByRole('button', { name: `Columns of ${name}` }).click();
    await menuItem('Restore all columns').click();
  };

  test('columns are hidden, moved and resized by menu, keys and pointer, and stay so', async () => {
    await window.startAt(fixture);
    const all = ['Region', 'What', 'Access', 'Size', 'Mapped', 'Verdicts'];
    expect(await names('Regions')).toEqual(all);
    await window.page.getByRole('button', { name: 'Columns of Regions' }).click();
    await window.page.getByRole('menuitemcheckbox', { name: 'Verdicts' }).click();
    await window.page.keyboard.press('Escape');
    await window.page.getByRole('menu').waitFor({ state: 'hidden' });
    await heading('Regions', 'Mapped').click({ button: 'right' });
    await menuItem('Hide “Mapped”').click();
    expect(await names('Regions')).toEqual(all.slice(0, 4));

    await heading('Regions', 'Access').getByRole('button').focus();
    await window.page.keyboard.press('Control+ArrowLeft');
    expect(await names('Regions')).toEqual(['Region', 'Access', 'What', 'Size']);
    await heading('Regions', 'Size').dragTo(heading('Regions', 'Access'));
    expect(await names('Regions')).toEqual(['Region', 'Size', 'Access', 'What']);

    const before = await width('Regions', 'Access');
    await heading('Regions', 'Access').getByRole('button').focus();
    await window.page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => width('Regions', 'Access')).toBeCloseTo(before + 12, -0.5);
    const grip = await heading('Regions', 'Size').locator('.grip').boundingBox();
    if (!grip) throw new Error('there is no grip');
    const size = await width('Regions', 'Size');
    await window.page.mouse.move(grip.x + 3, grip.y + 10);
    await window.page.mouse.down();
    await window.page.mouse.move(grip.x + 33, grip.y + 10, { steps: 3 });
    await window.page.mouse.up();
    await expect.poll(() => width('Regions', 'Size')).toBeCloseTo(size + 30, -0.5);
    expect(await names('Regions')).toEqual(['Region', 'Size', 'Access', 'What']); // the grip did not move it

    await window.page.reload();
    await window.checked(fixture.pid);
    expect(await names('Regions')).toEqual(['Region', 'Size', 'Access', 'What']);
    expect(await width('Regions', 'Size')).toBeCloseTo(size + 30, -0.5);
    await restore('Regions');
    expect(await names('Regions')).toEqual(all);
    expect(await width('Regions', 'Access')).toBeCloseTo(before, -0.5);
  });

  test('the columns of the list of pages are arranged in the same way, also from the keyboard', async () => {
    await window.startAt(fixture);
    const all = await names('Pages');
    expect(all.slice(0, 2)).toEqual(['Virtual address', 'Verdict']);
    await heading('Pages', 'Verdict').focus();
    await window.page.keyboard.press('Shift+F10');
    await menuItem('Hide “Verdict”').waitFor();
    await window.page.keyboard.press('Escape');
    await heading('Pages', 'Verdict').focus();
    await window.page.keyboard.press('Control+ArrowLeft');
    expect((await names('Pages')).slice(0, 2)).toEqual(['Verdict', 'Virtual address']);
    const first = grid('Pages').getByRole('row').nth(1).getByRole('gridcell').first();
    await expect.poll(() => first.innerText()).toMatch(/agree/);
    await restore('Pages');
    expect(await names('Pages')).toEqual(all);
  });

  test('the selected row stays in sight below the heading, whatever key moves it', async () => {
    for (const name of ['Regions', 'Pages']) {
      await window.startAt(fixture);
      const selected = grid(name).locator('[aria-selected=true]');
      await selected.first().waitFor();
      await grid(name).focus();
      const keys = ['End', 'PageUp', 'PageUp', 'ArrowUp', 'ArrowUp', 'Home', 'PageDown', 'ArrowDown'];
      for (const key of [...keys, ...Array<string>(8).fill('ArrowUp')]) {
        const before = await selected.getAttribute('aria-rowindex');
        await window.page.keyboard.press(key);
        if (key !== 'Home' && key !== 'End')
          await expect
            .poll(() => selected.getAttribute('aria-rowindex'), { message: `${name}: ${key}` })
            .not.toBe(before);
        await expect.poll(() => isInSight(selected), { message: `${name}: ${key}` }).toBe(true);
      }
    }
  });

  test('a list stays sorted when another view is shown meanwhile', async () => {
    await window.startAt(fixture);
    await heading('Regions', 'Size').getByRole('button').click();
    await expect.poll(() => heading('Regions', 'Size').getAttribute('aria-sort')).toMatch(/ending/);
    const sorted = await heading('Regions', 'Size').getAttribute('aria-sort');
    const first = await grid('Regions').getByRole('row').nth(1).innerText();
    await window.show('CPUs');
    await window.show('Address space');
    expect(await heading('Regions', 'Size').getAttribute('aria-sort')).toBe(sorted);
    expect(await grid('Regions').getByRole('row').nth(1).innerText()).toBe(first);
    while ((await heading('Regions', 'Size').getAttribute('aria-sort')) !== 'none')
      await heading('Regions', 'Size').getByRole('button').click();
  });

  test('pages with one verdict name their region, and none is highlighted until one is chosen', async () => {
    await window.startAt(fixture);
    const verdict = window.page.getByRole('button', { name: /^agree by rule/ });
    await verdict.click();
    expect(await names('Pages')).toContain('Region');
    await expect.poll(() => grid('Regions').locator('[aria-selected=true]').count()).toBe(0);
    const row = grid('Pages').locator('[aria-busy=false]').nth(2);
    const region = (await row.getByRole('gridcell').nth(1).innerText()).trim();
    await row.click();
    await expect.poll(() => grid('Regions').locator('[aria-selected=true]').innerText()).toContain(region);
    await window.page.keyboard.press('Escape');
  });

  const copied = () => window.copied();
  /** Without what the kernel may clear between two readings. */
  const settled = (text: string) => text.replaceAll(' · accessed', '');
  /** The cells of the selected rows as they are on screen. */
  const cellsOf = (rows: Locator) =>
    rows.evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('[role=gridcell]')].map((c) => c.textContent ?? '')),
    );

  test('several rows are selected by Shift, Ctrl and keys, and copied as they are shown', async () => {
    for (const name of ['Regions', 'Pages']) {
      await window.startAt(fixture);
      await window.catchCopies();
      const rows = grid(name).locator('.grid-row');
      const selected = grid(name).locator('[aria-selected=true]');
      await rows.nth(1).click();
      await rows.nth(4).click({ modifiers: ['Shift'] });
      await expect.poll(() => selected.count()).toBe(4);
      await window.page.keyboard.press('Control+c'); // the rows, and not the letters between the two clicks
      await expect.poll(async () => (await copied())?.trimEnd().split('\n').length).toBe(5);
      await rows.nth(2).click({ modifiers: ['Control'] });
      await expect.poll(() => selected.count()).toBe(3);
      await grid(name).press('Shift+ArrowDown');
      await expect.poll(() => selected.count()).toBe(2);
      await expect.poll(() => grid(name).locator('[aria-busy=true]').count()).toBe(0);

      await grid(name).press('Control+c');
      // A heading and two rows; until then it is the copy before.
      await expect.poll(async () => (await copied()).trimEnd().split('\n').length).toBe(3);
      const lines = settled(await copied())
        .trimEnd()
        .split('\n');
      expect(lines[0]).toContain(name === 'Regions' ? 'What' : 'Virtual address');
      const shown = await cellsOf(selected);
      expect(shown.length).toBe(2);
      // Bars of verdicts are numbers in the copy.
      const text = shown.map((cells) => cells.filter(Boolean));
      lines.slice(1).forEach((line, i) => {
        for (const cell of text[i] ?? []) expect(line).toContain(settled(cell));
      });

      await selected.first().click({ button: 'right' });
      await menuItem('Copy 2 rows as Markdown').click();
      await expect.poll(copied).toMatch(/^\| .* \|\n\| -{3}/);
      await selected.first().click({ button: 'right' });
      await menuItem('Copy 2 rows as CSV').click();
      await expect.poll(copied).toMatch(/^\w[\w ]+,/);
      expect((await copied()).split(',').length).toBeGreaterThan(8);

      await grid(name).press('Escape');
      await expect.poll(() => selected.count()).toBe(1);
    }
  });

  test('all pages of a region of 2^28 are selected at once; so many are not copied, and the window says so', async () => {
    await window.start(`cr3scope://address/${fixture.pid}/${fixture.of('terabyte').va.toString(16)}`);
    await window.checked(fixture.pid);
    await window.catchCopies();
    await grid('Pages').locator('[aria-selected=true]').waitFor();
    await grid('Pages').press('Control+a');
    await expect.poll(() => grid('Pages').locator('.grid-row:not([aria-selected=true])').count()).toBe(0);
    await grid('Pages').press('Control+c');
    await window.page.getByText(/268\D435\D456 rows are selected, and at most 100\D000 are copied/).waitFor();
    await window.page.keyboard.press('Escape');
    await window.page.keyboard.press('Escape');
  });

  test('a filter of the regions takes expressions, completes them, and keeps its result while it is not complete', async () => {
    await window.startAt(fixture);
    const box = window.page.getByLabel('Filter regions');
    const rows = grid('Regions').locator('.grid-row');
    await box.fill('rights contains x');
    const rights = () => rows.locator('[role=gridcell]:nth-child(3)').allInnerTexts();
    await expect.poll(rights).not.toContain('rw-p');
    const found = await rights();
    expect(found.length).toBeGreaterThan(1);
    expect(found.every((text) => text.includes('x'))).toBe(true);

    await box.press('End');
    await box.pressSequentially(' and na');
    const option = window.page.getByRole('option', { name: /^name/ });
    await option.waitFor();
    expect(await rights()).toEqual(found);
    await box.press('ArrowDown');
    await box.press('Enter');
    await expect.poll(() => box.inputValue()).toBe('rights contains x and name ');
    await box.pressSequentially('~ "libc"');
    await expect.poll(() => rows.count()).toBe(1);
    expect(await rows.innerText()).toContain('libc');

    await box.fill('siez > 1M');
    await window.page.getByText(/There is no field “siez”/).waitFor();
    expect(await box.getAttribute('aria-invalid')).toBe('true');
    expect(await window.page.locator('.filter-mirror mark').innerText()).toBe('siez');
    expect(await rows.count()).toBe(1);
    await window.pictures('filter-wrong', '.filter-box');
    await box.fill('');
    await expect.poll(() => rows.count()).toBeGreaterThan(5);
  });

  test('a filter of the pages finds them in the whole address space, and says what it looked at', async () => {
    await window.startAt(fixture);
    const box = window.page.getByLabel('Filter pages');
    const foot = grid('Pages').locator('xpath=../..').locator('.grid-foot');
    const total = async () => Number(/of ([\d\s]+) pages/.exec(await foot.innerText())?.[1]?.replace(/\D/g, ''));
    const { va } = fixture.of('terabyte');

    await box.fill(`verdict == notPresent and address >= ${va.toString(16)}`);
    // Hundreds of millions of pages, of which none is read.
    await expect.poll(total).toBeGreaterThan(2 ** 28 - 2 ** 16);
    await expect.poll(() => foot.innerText()).toMatch(/whole address space, as of the check of [\d:]+$/);
    expect(await names('Pages')).toContain('Region');

    const legend = window.page.locator('.legend-item.v-agreeByRule');
    await box.fill('verdict == agreeByRule');
    await expect.poll(total).toBe(Number((await legend.innerText()).replace(/\D/g, '')));

    await box.fill('note == protNone');
    await expect.poll(() => foot.innerText()).toMatch(/match in the whole address space/);
    await expect.poll(() => grid('Pages').locator('.grid-row').first().innerText()).toContain('PROT_NONE');

    // What the entries say is read, of the pages that are mapped.
    await box.fill('flags has dirty and type == anonymous');
    await expect.poll(() => foot.innerText()).toMatch(/; [\d\s]+ were read$/);
    const cells = grid('Pages').locator('.grid-row [role=gridcell]:last-child');
    await expect.poll(() => grid('Pages').locator('[aria-busy=true]').count()).toBe(0);
    for (const text of await cells.allInnerTexts()) expect(text).toContain('dirty');
    await window.pictures('filter', '.grid.pages');

    await box.fill('kind == reserved');
    await window.page.getByText('No page matches the filter').waitFor();
    await box.fill('');
    await expect.poll(() => foot.innerText()).not.toContain('match');
  });

  test('processes and tables are filtered in the same language; a word by itself is looked for', async () => {
    await window.startAt(fixture);
    const box = window.page.getByLabel('Filter processes');
    const rows = grid('Processes').locator('.grid-row');
    await box.fill(`pid == ${fixture.pid} and user == root and rss > 4K`);
    await expect.poll(() => rows.count()).toBe(1);
    await box.fill(`page-kinds and pid > ${fixture.pid - 1} and pid <= ${fixture.pid}`);
    await expect.poll(() => rows.count()).toBe(1);
    await box.fill('');
    await box.press('Escape');
    await window.show('Tables');
    await window.page.getByLabel('Filter tables').fill('level == PMD or level == PUD');
    const levels = grid('Page tables').locator('.grid-row [role=gridcell]:first-child');
    await expect.poll(() => levels.allInnerTexts()).not.toContain('PTE');
    expect(new Set(await levels.allInnerTexts())).toEqual(new Set(['PMD', 'PUD']));
    await window.page.getByLabel('Filter tables').fill('level == PTE and used > 1');
    await expect.poll(() => levels.allInnerTexts()).not.toContain('PMD');
    await grid('Page tables').locator('.grid-row').first().click();
    await window.page.getByLabel('Filter entries').fill('kind == leaf and flags has dirty');
    const flags = window.frame.locator('tbody td:last-child');
    await expect.poll(async () => (await flags.allInnerTexts()).every((text) => / D\b/.test(text))).toBe(true);
    expect(await window.frame.locator('.table-bar').innerText()).toMatch(/^[\s\S]*\d+ shown/);
    await window.page.getByLabel('Filter entries').fill('');
    await window.page.getByLabel('Filter tables').fill('');
  });

  test('rows have menus, by the pointer and by the keyboard, which do what buttons do', async () => {
    await window.startAt(fixture);
    await window.catchCopies();
    await grid('Regions').locator('.grid-row').nth(2).click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: /^Copy addresses/ }).click();
    await expect.poll(copied).toMatch(/^[0-9a-f]{12}-[0-9a-f]{12}$/);

    await grid('Pages').locator('[aria-selected=true]').waitFor();
    await grid('Pages').focus();
    await window.page.keyboard.press('Shift+F10');
    const menu = window.page.getByRole('menu');
    await menu.waitFor();
    await window.axe('.popup.menu');
    await window.page.getByRole('menuitem', { name: /^Who maps the frame/ }).press('Enter');
    await window
      .pane('Mapped by')
      .getByText(/Mapped \d/)
      .waitFor();

    await grid('Processes').locator('[aria-selected=true]').click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: 'Export…' }).click();
    await window.dialog.waitFor();
    await window.closeDialog();
    await grid('Processes').locator('[aria-selected=true]').click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: 'Open the page tables' }).click();
    await window.pane('Tables').waitFor();
    await grid('Page tables').locator('.grid-row').nth(1).click({ button: 'right' });
    await menuItem('Open as a table').click();
    await window.frame.getByText(/% filled/).waitFor();
  });

  test('bytes, maps, owners, facts of a frame and CPUs have menus, too', async () => {
    await window.startAt(fixture);
    await window.catchCopies();
    const close = async () => {
      await window.page.keyboard.press('Escape');
      await window.page.getByRole('menu').waitFor({ state: 'hidden' });
    };
    const items = () => window.page.getByRole('menuitem').allInnerTexts();

    await window.page.locator('.hex-line .hex-bytes').nth(2).click({ button: 'right' });
    await menuItem('Copy as C array').click();
    await expect.poll(copied).toMatch(/^\/\* physical 0x[0-9a-f]+02[0-9a-f] \*\/\nconst unsigned char bytes\[8\]/);
    await window.page.locator('#hex-view').focus();
    await window.page.keyboard.press('Shift+F10');
    await window.page.getByRole('menuitem', { name: /^Explain the entry/ }).press('Enter');
    await window.dialog.waitFor();
    await window.closeDialog();

    const map = window.page.getByRole('slider', { name: /^Map of the address space/ });
    await map.focus();
    await window.page.keyboard.press('Shift+F10');
    await expect.poll(items).toContainEqual(expect.stringMatching(/^Copy link to the region/));
    await close();
    await map.click({ button: 'right', position: { x: 5, y: 8 } });
    await window.page.getByRole('menuitem', { name: /^Show the walk/ }).click();
    await expect.poll(() => grid('Regions').locator('[aria-selected=true]').getAttribute('aria-rowindex')).toBe('2');

    await window.inspect('Frame');
    await window.page.getByLabel('Facts of the frame').click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: /^Who maps the frame/ }).click();
    await window.pane('Mapped by').locator('tbody tr').first().click({ button: 'right' });
    await expect.poll(items).toContainEqual(expect.stringMatching(/^Go to the page/));
    await close();

    await window.show('CPUs');
    await window.page
      .locator('.cpu')
      .first()
      .click({ button: 'right', position: { x: 20, y: 10 } });
    await expect.poll(items).toContainEqual(expect.stringMatching(/^Copy what runs/));
    await close();
    await window.show('Physical memory');
    await window.page.locator('.memory-cell', { hasNotText: 'Walking' }).waitFor();
    await window.page.getByRole('slider', { name: /^Map of physical memory/ }).click({ button: 'right' });
    await expect.poll(items).toContainEqual(expect.stringMatching(/^Look closer|^Open the frame/));
    await close();
  });
});
