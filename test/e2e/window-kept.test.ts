// SPDX-License-Identifier: GPL-2.0-only
// What the window remembers: across a reload, across a start of the desktop, and when what is kept makes no sense.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLabProgram } from '../lab.ts';
import { type Face, openDesktopIn } from './faces.ts';
import { accountFolder, electronProgram, installed } from './installed.ts';
import { inEachFace } from './window.ts';

let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

inEachFace((window) => {
  /** Without the link, and as if the page were opened anew. */
  const reload = async () => {
    await window.page.evaluate(() => history.replaceState(null, '', '#'));
    await window.page.reload();
    await window.page.locator('main[aria-busy=false]').waitFor();
  };

  test('what is kept but is malformed, or of another version, is ignored without an error', async () => {
    await window.startAt(program);
    await window.page.getByRole('separator', { name: 'Width of the inspector' }).focus();
    await window.page.keyboard.press('ArrowLeft');
    const size = window.page.getByRole('grid', { name: 'Regions' }).getByRole('columnheader', { name: 'Size' });
    await size.getByRole('button').click();
    await window.show('Tables');
    await window.show('Address space');
    // Only what the window itself keeps.
    const keys = () => window.page.evaluate(() => Object.keys(localStorage).sort());
    for (const key of [/view$/, /process$/, /Regions$/])
      expect(await keys()).toContainEqual(expect.stringMatching(key));
    for (const value of ['{', '"no such thing"', '[1, {"id": 2}]', '{"open": 3, "tab": "gone"}', 'null', '-1']) {
      await window.page.evaluate((text) => {
        for (const key of [...Object.keys(localStorage), 'cr3scope.layout', 'cr3scope.patterns', 'cr3scope.theme'])
          localStorage.setItem(key, text);
      }, value);
      await reload();
      await window.pane('Address space').waitFor();
      await window.pane('Walk').waitFor();
      expect([value, window.face.complaints]).toEqual([value, []]);
    }
  });
});

test.runIf(electronProgram() !== undefined)(
  'the desktop opens as it was closed: its size, panes, sorting, view and process',
  async () => {
    const folder = accountFolder(installed());
    let face: Face = await openDesktopIn(folder);
    const ready = () => face.page.locator('main[aria-busy=false]').waitFor();
    const inner = () => face.page.evaluate(() => [innerWidth, innerHeight]);
    try {
      await ready();
      await face.load(`cr3scope://process/${program.pid}`);
      await face.page.getByRole('heading', { name: new RegExp(`^${program.pid} `) }).waitFor();
      await face.resize(1100, 720);
      await expect.poll(inner).toEqual([1100, 720]);
      await face.page.getByRole('button', { name: 'Bytes of the frame' }).click();
      await face.page.getByRole('columnheader', { name: 'Size' }).getByRole('button').click();
      await face.page.getByRole('tab', { name: 'Tables' }).click();
      await face.close();

      face = await openDesktopIn(folder);
      await ready();
      await expect.poll(inner).toEqual([1100, 720]);
      const pane = face.page.locator('section[aria-label="Tables"]');
      await pane.getByRole('heading', { name: /labs$/ }).waitFor();
      await face.page.getByRole('tab', { name: 'Address space' }).click();
      expect(await face.page.getByRole('button', { name: 'Bytes of the frame' }).getAttribute('aria-pressed')).toBe(
        'false',
      );
      expect(await face.page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort')).not.toBe('none');
      await face.close();

      // A size that makes no sense, or a place on a screen that is gone.
      for (const text of ['{', '{"x":0}', '{"x":50000,"y":50000,"width":900,"height":700,"maximized":false}']) {
        writeFileSync(join(folder, 'window.json'), text);
        face = await openDesktopIn(folder);
        await ready();
        expect((await inner())[0]).toBe(1440);
        await face.close();
      }
    } catch (error) {
      await face.close();
      throw error;
    }
  },
);
