// SPDX-License-Identifier: GPL-2.0-only
// Notes at pages and frames: written, edited and deleted in the inspector, marked in the list, and taken along.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCapture } from '../../app/main/capture/captured.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { inOneFace, PAGE, type TestWindow } from './window.ts';

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

  test('a capture takes the notes along', async () => {
    const { va } = fixture.of('protnone');
    await window.start(`cr3scope://address/${fixture.pid}/${va.toString(16)}`);
    await window.checked(fixture.pid);
    await window.walk.getByRole('heading', { name: va.toString(16) }).waitFor();
    await write(window, 'Walk', HOSTILE);
    await window.page.getByRole('button', { name: 'Export…' }).click();
    await window.dialog.getByRole('radio', { name: /^Capture/ }).check();
    const path = `test/artifacts/${window.name}-noted.cr3scope`;
    await window.face.download(() => window.dialog.getByRole('button', { name: 'Save' }).click(), path);
    expect(readCapture(path).notes).toMatchObject([
      { text: HOSTILE, on: { kind: 'page', pid: fixture.pid, va: va & ~0xfffn, name: 'page-kinds' } },
    ]);
  });
});
