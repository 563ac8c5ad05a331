// SPDX-License-Identifier: GPL-2.0-only
// Notes at pages and frames: written, edited and deleted in the inspector, marked in the list, and taken along.
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, hexVa } from '../../app/contract/format.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { openBrowserAsRoot, openDesktopAsRoot } from './faces.ts';
import { inOneFace, PAGE, TestWindow } from './window.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture?.stop());

const HOSTILE = '=1+1 <img src=x onerror=alert(1)>';

async function write(window: TestWindow, pane: string, text: string): Promise<void> {
  const box = window.pane(pane);
  await box.getByRole('button', { name: 'Add a note' }).click();
  await box.getByLabel('Note', { exact: true }).fill(text);
  await box.getByRole('button', { name: 'Save' }).click();
  await box.getByText(text, { exact: true }).waitFor();
}

inOneFace((window) => {
  test('a note is written, marked, edited and deleted', async () => {
    const { va } = fixture.of('protnone');
    await window.start(`cr3scope://address/${fixture.pid}/${va.toString(16)}`);
    await window.walk.getByRole('heading', { name: va.toString(16) }).waitFor();
    await write(window, 'Walk', HOSTILE);
    const pages = window.page.getByRole('grid', { name: 'Pages' });
    await pages.getByRole('row', { selected: true }).getByLabel(`Noted: ${HOSTILE}`).waitFor();
    await window.pictures('note', PAGE);
    await window.page.reload();
    await window.walk.getByText(HOSTILE, { exact: true }).waitFor();

    await window.walk.getByRole('button', { name: 'Edit the note' }).click();
    const text = window.walk.getByLabel('Note', { exact: true });
    await text.fill('with \u202e a character that acts');
    await window.walk.getByText(/can’t have control characters/).waitFor();
    expect(await window.walk.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await text.fill('another text');
    await window.walk.getByRole('button', { name: 'Save' }).click();
    await window.walk.getByText('another text', { exact: true }).waitFor();

    await window.inspect('Frame');
    await write(window, 'Frame facts', 'a note at the frame');
    await window.page.getByRole('tab', { name: 'Notes', exact: true }).click();
    const all = window.pane('Notes');
    await all.getByText('another text').waitFor();
    await all.getByText('a note at the frame').waitFor();
    await window.pictures('notes', PAGE);

    await window.page.getByRole('tab', { name: 'Walk', exact: true }).click();
    await window.walk.getByRole('button', { name: 'Delete the note' }).click();
    await window.walk.getByText('another text').waitFor({ state: 'detached' });
  });

  test('a capture takes the notes along, and shows them as they are', async () => {
    const { va } = fixture.of('protnone');
    await window.start(`cr3scope://address/${fixture.pid}/${hex(va)}`);
    await window.checked(fixture.pid);
    await window.walk.getByRole('heading', { name: hexVa(va) }).waitFor();
    await write(window, 'Walk', HOSTILE);
    await window.inspect('Frame');
    await write(window, 'Frame facts', 'a note at the frame');
    const frame = await window.frame.getByRole('heading').innerText();
    await window.page.getByRole('button', { name: 'Export…' }).click();
    await window.dialog.getByRole('radio', { name: /^Capture/ }).check();
    const path = `test/artifacts/${window.name}-noted.cr3scope`;
    await window.face.download(() => window.dialog.getByRole('button', { name: 'Save' }).click(), path);
    const on = { kind: 'page', pid: fixture.pid, va: va & ~0xfffn, name: 'page-kinds' };
    expect(readCapture(path).notes).toMatchObject([
      { text: HOSTILE, on },
      { text: 'a note at the frame', on: { kind: 'frame' } },
    ]);

    // Whoever opens it has written nothing.
    const shown = new TestWindow(window.name, () =>
      window.name === 'electron' ? openDesktopAsRoot(resolve(path)) : openBrowserAsRoot('--capture', path),
    );
    await shown.open();
    try {
      await shown.checked(fixture.pid);
      await shown.go(hex(va));
      await shown.walk.getByRole('heading', { name: hexVa(va) }).waitFor();
      await shown.walk.getByText(HOSTILE, { exact: true }).waitFor();
      expect(await shown.walk.getByRole('button', { name: /the note$/ }).count()).toBe(0);
      const pages = shown.page.getByRole('grid', { name: 'Pages' });
      await pages.getByRole('row', { selected: true }).getByLabel(`Noted: ${HOSTILE}`).waitFor();
      await shown.inspect('Frame');
      await shown.pane('Frame facts').getByText('a note at the frame', { exact: true }).waitFor();
      await shown.page.getByRole('tab', { name: 'Notes', exact: true }).click();
      const all = shown.pane('Notes');
      await expect.poll(() => all.getByText(/· in the capture$/).count()).toBe(2);
      await shown.pictures('captured-notes', PAGE);
      await all.getByRole('button', { name: /^frame / }).click();
      await expect.poll(() => shown.frame.getByRole('heading').innerText()).toBe(frame);
      expect(shown.face.complaints).toEqual([]);
    } finally {
      await shown.close();
    }
  });
});
