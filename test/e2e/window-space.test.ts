// SPDX-License-Identifier: GPL-2.0-only
// The window on a live process: its pages, their translation, and what it shares.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { openBrowser } from './faces.ts';
import { DIALOG, inOneFace, PAGE } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture?.stop());

test('the box waits for the list of processes, without which a PID looks like a frame number', async () => {
  const { page, close } = await openBrowser();
  try {
    let release = () => {};
    await page.routeWebSocket(/./, (socket) => {
      const server = socket.connectToServer();
      const held: (string | Buffer)[] = [];
      server.onMessage((message) => held.push(message));
      release = () => {
        for (const message of held) socket.send(message);
        server.onMessage((message) => socket.send(message));
      };
    });
    const connected = page.waitForEvent('websocket');
    await page.reload();
    await connected;
    const box = page.getByLabel('Go to a process, address, frame or entry');
    await expect.poll(() => box.isDisabled()).toBe(true);
    release();
    await box.fill(String(fixture.pid));
    await box.press('Enter');
    await page.getByRole('heading', { name: `${fixture.pid} page-kinds` }).waitFor();
  } finally {
    await close();
  }
});

inOneFace((window) => {
  const startAt = (name: string) => window.start(`cr3scope://address/${fixture.pid}/${hex(fixture.of(name).va)}`);
  const legend = () => window.page.getByRole('group', { name: /Verdicts/ });

  test('lists the live processes with their roots', async () => {
    await window.start();
    const list = window.page.getByRole('grid', { name: 'Processes' });
    const filter = window.page.getByLabel('Filter processes');
    const first = () => list.getByRole('row').nth(1).innerText();
    await list.getByRole('row').nth(3).waitFor();
    await filter.fill(String(fixture.pid));
    await expect.poll(first).toMatch(/page-ki\S*\s+[0-9a-f]{9}/);
    await filter.fill('kthreadd');
    await list.getByText('No process matches').waitFor();
    await window.page.getByLabel('kernel threads').check();
    await expect.poll(first).toContain('no address space');
  });

  test('checks a whole address space', async () => {
    await window.start();
    await window.go(String(fixture.pid));
    await window.checked(fixture.pid);
    const counted = async (label: RegExp) =>
      Number((await legend().getByRole('button', { name: label }).innerText()).replace(/\D/g, ''));
    expect(await counted(/MISMATCH/)).toBe(0);
    expect(await counted(/^agree \d/)).toBeGreaterThan(1000);
    expect(await counted(/agree by rule/)).toBeGreaterThanOrEqual(4 + 8 + 512 + 512 + 4 + 4);
    expect(await counted(/swapped/)).toBeGreaterThan(0);
  });

  test('translates a PROT_NONE page and explains it', async () => {
    const { va } = fixture.of('protnone');
    await window.startAt(fixture);
    await window.go(hexVa(va));
    // The page at which the address space opens may be PROT_NONE, too, and of 2 MiB.
    await window.walk.getByRole('heading', { name: hexVa(va) }).waitFor();
    await window.walk.getByText('PROT_NONE, inverted').waitFor();
    expect(await window.walk.innerText()).toContain('Un-inverted it is the frame that pagemap names');
    expect(await window.walk.locator('.walk-levels > li').count()).toBeGreaterThanOrEqual(4);
    const page = window.page.getByRole('grid', { name: 'Pages' }).locator('[aria-selected=true][aria-busy=false]');
    expect(await page.innerText()).toMatch(/agree by rule[\s\S]+PROT_NONE/);
  });

  test('translates an address of the kernel, and says that only one source covers it', async () => {
    const [address = ''] = /^[0-9a-f]+(?= T _stext$)/m.exec(readFileSync('/proc/kallsyms', 'utf8')) ?? [];
    await window.startAt(fixture);
    await window.go(address);
    await window.walk.getByRole('heading', { name: address }).waitFor();
    await expect
      .poll(() => window.walk.locator('.sources').innerText())
      .toMatch(/kernel only · read · execute[\s\S]+does not cover the kernel half[\s\S]+table walk\s+PFN [0-9a-f]+\s/);
    await window.walk.getByText('none: the kernel half is not cross-checked').waitFor();
    await window.picture('kernel-half');
  });

  test('scrolls through a region of 2^28 pages and filters by verdict', async () => {
    const { va } = fixture.of('terabyte');
    await window.startAt(fixture);
    await window.go(hexVa(va + 0x8000000000n));
    const pages = window.page.getByRole('grid', { name: 'Pages' });
    const selected = pages.locator('[aria-selected=true]');
    await selected.getByText(hexVa(va + 0x8000000000n)).waitFor();
    await pages.focus();
    await window.page.keyboard.press('End');
    await selected.getByText(hexVa(va + 0xfffffff000n)).waitFor();
    const swapped = (pressed: boolean) => window.page.getByRole('button', { name: /^swapped, agree/, pressed });
    await swapped(false).click();
    await expect.poll(() => pages.getByRole('row').nth(2).innerText()).toMatch(/swapped, agree[\s\S]+swap \d+:/);
    await window.page.keyboard.press('Escape');
    await swapped(false).waitFor();
  });

  test('every source says how it is', async () => {
    await window.startAtCpus();
    await window.page.getByRole('button', { name: 'Source kernel walk: missing' }).click();
    const why = window.page.getByText(/open .dev.cr3scope/);
    await why.waitFor();
    await window.page.keyboard.press('Escape');
    await why.waitFor({ state: 'hidden' });
  });

  test('explains an entry of the walk, and any that is pasted, at each level', async () => {
    await startAt('protnone');
    await window.walk.getByText('PROT_NONE, inverted').waitFor();
    await window.walk.getByRole('button', { name: 'explain' }).last().click();
    await window.dialog.getByText(/keeps the address bits inverted against L1TF/).waitFor();
    await window.dialog.getByRole('button', { name: 'Close' }).click();
    await window.dialog.waitFor({ state: 'hidden' });
    await window.go('8000000117274067');
    await window.dialog.getByText('Maps a 4K page: frame 0x117274').waitFor();
    await window.dialog.getByRole('radio', { name: 'PMD' }).check();
    await window.dialog.getByText('Points to the next table').waitFor();
    await window.dialog.getByRole('button', { name: 'Link to this explanation' }).click();
    const link = window.page.getByRole('menuitem', { name: 'Copy link cr3scope://entry/8000000117274067/pmd' });
    await link.waitFor();
    await window.page.keyboard.press('Escape');
    await link.waitFor({ state: 'hidden' });
    await window.pictures('explain', DIALOG);
    await window.closeDialog();
  });

  test('a link leads back to where it was copied', async () => {
    const { va } = fixture.of('thp');
    await window.start();
    await window.go(`cr3scope://address/${fixture.pid}/${hex(va)}`);
    await window.walk.getByText(hexVa(va)).waitFor();
    await window.walk.getByRole('button', { name: 'Link to this translation' }).click();
    await window.page.getByRole('menuitem', { name: `Copy command cr3scope walk ${fixture.pid} ${hex(va)}` }).waitFor();
  });

  test('the bytes of the frames are those that the process reads', async () => {
    await window.startAt(fixture);
    await window.page.getByRole('button', { name: 'Compare bytes' }).click();
    const result = window.page.getByText(/Bytes of frames against/);
    await result.waitFor();
    await expect.poll(() => result.innerText()).toMatch(/pages the same/);
    expect(await result.innerText()).not.toContain('DIFFER');
  });

  test('what two processes share', async () => {
    await window.startAt(fixture);
    await window.page.getByRole('button', { name: 'What it shares with another process' }).click();
    await window.dialog.getByLabel('The other process').selectOption(String(fixture.of('cow-child-shared').pid));
    await window.dialog.getByText(/lead to the same frames; at/).waitFor();
    await window.pictures('shared', DIALOG);
    await window.closeDialog();
  });

  test('bad input is answered in place', async () => {
    await window.startAtCpus();
    await window.go('no such thing');
    const answer = window.page.getByText(/is not a process, address, frame, region or command here/);
    await answer.waitFor();
    await window.page.getByRole('button', { name: 'Dismiss the notice' }).click();
    await answer.waitFor({ state: 'hidden' });
  });

  test('looks right in light and dark, large and small; axe finds nothing serious', async () => {
    await window.startAt(fixture);
    await window.go(hexVa(fixture.of('protnone').va));
    await window.walk.getByText('PROT_NONE, inverted').waitFor();
    await window.pictures('space', PAGE);
  });

  test('a process that exits is said to be gone, and nothing is lost', async () => {
    const brief = await startFixture('page-kinds', ['out/fixtures']);
    await window.startAt(brief);
    await brief.stop();
    await window.page.getByText('has exited', { exact: true }).waitFor();
    await window.page.getByText(/pages · as last read\. This process has exited\./).waitFor();
    expect(await window.page.getByRole('grid', { name: 'Pages' }).getByText('agree').count()).toBeGreaterThan(0);
    expect(await legend().innerText()).toMatch(/agree by rule\s+[1-9]/);
  });
});
