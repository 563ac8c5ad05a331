// SPDX-License-Identifier: GPL-2.0-only
// The window on physical memory: frames and their bytes, tables, owners, the map of memory.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa, kpageFlagNames } from '../../app/contract/format.ts';
import { linkOf } from '../../app/contract/link.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { DIALOG, inOneFace, PAGE, POPUP, paneSelector } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture?.stop());

/** A page that the fixture wrote holds the address of each of its words; its first line in the hex view. */
const firstLine = (va: bigint) => [va, va + 8n].map((word) => hex(word, 16).match(/../g)?.reverse().join('')).join('');

/** A word of 64 bits of a file of /proc. */
function wordOf(path: string, index: bigint): bigint {
  const file = openSync(path, 'r');
  const word = new BigUint64Array(1);
  readSync(file, word, 0, 8, index * 8n);
  closeSync(file);
  return word[0] as bigint;
}

inOneFace((window) => {
  const startAt = (name: string) => window.start(`cr3scope://address/${fixture.pid}/${hex(fixture.of(name).va)}`);
  const title = () => window.frame.getByRole('heading').innerText();
  const shownFirst = async () =>
    (await window.frame.locator('.hex-line .hex-bytes').first().innerText()).replace(/\s/g, '');

  test('shows the bytes of the frame that the fixture wrote', async () => {
    const { va } = fixture.of('anon4k');
    await startAt('anon4k');
    await expect.poll(shownFirst).toBe(firstLine(va));
    await window.frame.getByRole('group').focus();
    await window.page.keyboard.press('ArrowDown');
    const bytes = await window.inspect('Bytes');
    await expect.poll(() => bytes.innerText()).toContain(`0x${hex(va + 16n, 16)}`);
    expect(await bytes.innerText()).toContain('→'); // a pointer into its own region
    await window.pictures('bytes', paneSelector('Data inspector'));
  });

  test('says why a frame cannot be read, and shows no bytes', async () => {
    await startAt('secretmem');
    await window.frame.getByText('can’t be read').waitFor();
    expect(await window.frame.innerText()).toContain('direct map');
    // Not a digit of it, though its neighbours may be shown.
    expect(await window.frame.locator('.hex-line.here').innerText()).not.toMatch(/[0-9a-f]{2} [0-9a-f]{2}/);
  });

  test('says who maps a frame, and goes there', async () => {
    const parent = fixture.of('cow-parent-shared');
    const child = fixture.of('cow-child-shared');
    await startAt('cow-parent-shared');
    const facts = await window.inspect('Frame');
    await facts.getByText('×2 by kpagecount').waitFor();
    await window.pictures('facts', paneSelector('Frame facts'));
    const owners = await window.inspect('Mapped by');
    await owners.getByRole('button', { name: 'Walk again' }).click();
    await owners.getByText('Mapped 2×. kpagecount says 2, too.').waitFor();
    const row = ({ pid }: { pid: number }) => owners.getByRole('row').filter({ hasText: String(pid) });
    for (const process of [parent, child]) await row(process).waitFor();
    await window.pictures('owners', paneSelector('Mapped by'));
    await row(child).getByRole('button').click();
    await window.page.getByRole('heading', { name: `${child.pid} page-kinds` }).waitFor();
    await window.inspect('Walk');
    await window.walk.getByText(hexVa(child.va)).waitFor();
  });

  test('all of memory scrolls by, holes with their reason; bytes are selected, found and copied', async () => {
    const { va } = fixture.of('anon4k');
    await startAt('anon4k');
    await expect.poll(shownFirst).toBe(firstLine(va));
    const home = await title();
    const hexView = window.frame.getByRole('group', { name: /Physical memory/ });
    await hexView.focus();
    await window.page.keyboard.press('Shift+ArrowDown');
    await window.page.keyboard.press('Shift+ArrowDown');
    const selected = async () =>
      (await window.frame.locator('.hex-bytes .word').allInnerTexts()).join(' ').match(/[0-9a-f]{2}/g)?.length;
    await expect.poll(selected).toBe(32);
    for (let i = 0; i < 40; i++) await window.page.keyboard.press('PageDown');
    await expect.poll(title).not.toBe(home);
    await window.page.keyboard.press('Control+End');
    await window.page.keyboard.press('PageDown');
    await window.frame.getByText('after the last System RAM').waitFor();
    await window.page.keyboard.press('Control+Home');
    await window.frame.getByText(/to 000000fff: not System RAM/).waitFor();
    await window.go(hexVa(va));
    await expect.poll(title).toBe(home);
    await hexView.focus();
    await window.page.keyboard.press('Control+f');
    await window.frame.getByLabel('Kind of bytes').selectOption('u64');
    await window.frame.getByLabel('Bytes to find').fill(`0x${hex(va + 0x88n)}`);
    await window.page.keyboard.press('Enter');
    const bytes = await window.inspect('Bytes');
    await expect.poll(() => bytes.innerText()).toContain(`0x${hex(va + 0x88n, 16)}`);
    await window.frame.getByLabel('Bytes to find').focus();
    await window.page.keyboard.press('Escape');
    await window.frame.getByLabel('Bytes to find').waitFor({ state: 'hidden' });
    await window.frame.getByRole('button', { name: 'Copy the selected bytes' }).click();
    const cArray = window.page.getByRole('menuitem', { name: 'C array' });
    await cArray.waitFor();
    await window.axe(POPUP);
    await window.page.keyboard.press('Escape');
    await cArray.waitFor({ state: 'hidden' });
    await window.frame.getByRole('button', { name: 'Bookmarks' }).click();
    await window.page.getByRole('button', { name: /^Bookmark [0-9a-f]{9}/ }).click();
    await window.page.getByLabel(/^Note for/).fill('a word of the fixture');
    await window.axe(POPUP);
  });

  test('the whole tree of tables, and down to one of them', async () => {
    await window.start(`cr3scope://tables/${fixture.pid}`);
    const pane = window.pane('Tables');
    await pane.getByText('all marked as page tables').first().waitFor();
    const list = pane.getByRole('grid', { name: 'Page tables' });
    await list.getByRole('row').filter({ hasText: 'PTE' }).first().click();
    await window.frame.getByRole('group', { name: 'Entries of the table' }).waitFor();
    await window.frame.getByText(/% filled/).waitFor();
    await window.pictures('tables', paneSelector('Tables'));
  });

  test('shows a table by its entries, and goes down to the page', async () => {
    const { va } = fixture.of('anon4k');
    await startAt('anon4k');
    await expect.poll(shownFirst).toBe(firstLine(va));
    await window.walk.locator('.walk-levels > li').nth(-2).getByRole('button', { name: /table/ }).click();
    const entries = window.frame.getByRole('group', { name: 'Entries of the table' });
    const below = entries.locator('tr.here').getByRole('button', { name: /PTE table/ });
    await below.waitFor();
    expect(await window.frame.getByText(/does not mark this frame/).count()).toBe(0);
    await below.click();
    const row = entries.getByRole('row').filter({ hasText: hexVa(va) });
    await row.waitFor();
    await window.pictures('table', paneSelector('Frame'));
    await row.getByRole('button', { name: /4K page/ }).click();
    await expect.poll(shownFirst).toBe(firstLine(va));
  });

  test('physical memory as a picture, by role and process, down to a frame', async () => {
    await window.start('cr3scope://memory');
    const pane = window.pane('Physical memory');
    const totals = pane.getByRole('grid', { name: 'Memory by process and role' });
    await totals.getByText('all memory').waitFor();
    // The largest first; small ones like the fixture are further down.
    await totals.getByRole('row').nth(5).waitFor();
    await window.pictures('memory', paneSelector('Physical memory'));
    for (const by of ['owner', 'size', 'flag', 'role']) await pane.getByLabel('Colour by').selectOption(by);
    const map = pane.getByRole('slider', { name: /Map of physical memory/ });
    await map.focus();
    await window.page.keyboard.press('ArrowDown');
    const cell = () => map.getAttribute('aria-valuetext');
    await expect.poll(cell).toMatch(/^frames /);
    // In, down to one frame a cell, and that frame.
    let at = await cell();
    while (at?.startsWith('frames ')) {
      await window.page.keyboard.press('Enter');
      await expect.poll(cell).not.toBe(at);
      at = await cell();
    }
    const [, pfn] = /^frame ([0-9a-f]+)/.exec(at ?? '') ?? [];
    await window.page.keyboard.press('Enter');
    await expect.poll(title).toBe(`Frame ${pfn}`);
  });

  test('frames are listed one by one, and filtered by their flags, role and process', async () => {
    // Thousands of frames are read.
    const patience = { timeout: 60_000 };
    await window.start('cr3scope://memory');
    const pane = window.pane('Physical memory');
    await pane.getByLabel('frame by frame').check();
    const frames = pane.getByRole('grid', { name: 'Frames' });
    const rows = frames.locator('.grid-row');
    await expect.poll(() => rows.count(), patience).toBeGreaterThan(5);
    const status = pane.locator('.grid-foot');
    await expect
      .poll(() => status.innerText(), patience)
      .toMatch(/^the first 10\D000 of [\d\s]+ frames · read at [\d:]+$/);

    const { va } = fixture.of('anon4k');
    const pfn = wordOf(`/proc/${fixture.pid}/pagemap`, va >> 12n) & ((1n << 55n) - 1n);
    // Its child maps the frame, too. Of equals the one with the lowest PID is named.
    const children = readFileSync(`/proc/${fixture.pid}/task/${fixture.pid}/children`, 'utf8').match(/\d+/g) ?? [];
    const pid = Math.min(fixture.pid, ...children.map(Number));
    const box = pane.getByLabel('Filter frames');
    // A walk from now on knows the fixture.
    await pane.getByRole('button', { name: 'Walk again' }).click();
    await box.fill(`pid == ${pid} and flags has anon and mapped > 0 and pfn == ${hex(pfn)}`);
    await expect.poll(() => status.innerText(), patience).toMatch(/^1 frame matches/);
    expect(await rows.count()).toBe(1);
    const mapped = wordOf('/proc/kpagecount', pfn);
    expect(await rows.innerText()).toMatch(
      new RegExp(`${hex(pfn)}\\s+anonymous\\s+${mapped}\\s+${pid}\\s+page-kinds\\s`),
    );
    const flags = kpageFlagNames(wordOf('/proc/kpageflags', pfn));
    const shown = (await rows.getByRole('gridcell').last().innerText()).split(' ');
    // The kernel marks and unmarks frames of its lists at any time.
    for (const flag of ['anon', 'mmap', 'swapbacked'])
      expect([flag, shown.includes(flag)]).toEqual([flag, flags.includes(flag)]);

    // The frames around it; all of them take their time.
    const begin = pfn & ~0xffffn;
    await window.start(linkOf({ view: 'memory', begin, end: begin + 0x10000n }));
    await pane.getByLabel('frame by frame').check();
    await box.fill('not role == free and mapped == 0');
    await expect.poll(() => status.innerText(), patience).toMatch(/^(the first 10\D000 of )?[\d\s]+ frames match/);
    for (const text of await rows.allInnerTexts()) expect(text).not.toContain('buddy');
    await box.fill('flags ha');
    await window.page.getByRole('option', { name: /^has/ }).waitFor();
    await box.press('ArrowDown');
    await box.press('Enter');
    // Of one word, which is read at once: a frame may be taken between the reading of its flags and of its count.
    await box.pressSequentially('buddy and flags has anon');
    await expect.poll(() => status.innerText(), patience).toMatch(/^0 frames match/);
    await pane.getByText('No frame matches the filter').waitFor();
    await box.fill('flags has anon and mapped > 1');
    await expect.poll(() => rows.count(), patience).toBeGreaterThan(1);
    await window.pictures('frames', PAGE);

    await window.catchCopies();
    expect(await window.menuOf(rows.first())).toContainEqual(expect.stringMatching(/^Who maps the frame/));
    await window.chooseItem(/^Copy frame number/);
    const first = await window.copied();
    expect(await rows.first().innerText()).toContain(first);
    await rows.first().click();
    await expect.poll(title).toBe(`Frame ${first}`);
    await box.fill('');
  });

  test('the map of memory takes the colours of the system as they change', async () => {
    await window.start('cr3scope://memory');
    const map = window.page.getByRole('slider', { name: /Map of physical memory/ });
    await expect.poll(() => map.getAttribute('aria-valuetext')).toMatch(/^frames /);
    await window.settle();
    const picture = () => map.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await window.page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(picture).not.toBe(dark);
    await window.page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(picture).toBe(dark);
    // Chosen in the window, too.
    await window.page.getByRole('button', { name: 'Colours: system. Switch to light' }).click();
    await expect.poll(picture).not.toBe(dark);
  });

  test('searches the process, and goes to a hit', async () => {
    const va = fixture.of('anon4k').va + 0x20n;
    await window.startAt(fixture);
    await window.page.getByRole('button', { name: 'Search memory' }).click();
    const pattern = window.dialog.getByLabel('What to search for');
    const search = window.dialog.getByRole('button', { name: 'Search', exact: true });
    await pattern.fill('4x');
    await search.click();
    await window.dialog.getByText('"4x" is not a byte').waitFor();
    await window.dialog.getByLabel('Kind of pattern').selectOption('u64');
    await pattern.fill(`0x${hex(va)}`);
    await search.click();
    await window.dialog.getByText(/\d+ hits? in /).waitFor();
    const hit = window.dialog.getByRole('button', { name: hexVa(va) });
    await hit.waitFor();
    await window.pictures('search', DIALOG);
    await hit.click();
    await window.dialog.waitFor({ state: 'hidden' });
    await window.walk.getByText(hexVa(va)).waitFor();
  });
});
