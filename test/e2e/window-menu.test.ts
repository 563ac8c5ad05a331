// SPDX-License-Identifier: GPL-2.0-only
// The menus, the keys and the help: they have the same commands, from one list.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS, commandsIn, MENUS, type Menu } from '../../app/contract/commands.ts';
import { VIEW_NAMES, VIEWS } from '../../app/contract/views.ts';
import { DIALOG, inEachFace, PAGE } from './window.ts';

inEachFace((window) => {
  const press = (key: string) => window.page.keyboard.press(key);
  // Also below a dialog, which hides it from the tree of roles.
  const shown = () => window.page.locator('.view-tabs [aria-selected=true]').innerText();

  test('the menu has every command with its key, and runs it', async () => {
    await window.startAtCpus();
    const button = window.page.getByRole('button', { name: 'Menu' });
    await button.press('Enter');
    for (const [menu, caption] of Object.entries(MENUS)) {
      const item = window.page.getByRole('menuitem', { name: caption, exact: true });
      await expect.poll(() => item.evaluate((i) => document.activeElement === i)).toBe(true);
      await press('ArrowRight');
      const items = window.page.getByRole('menu', { name: caption }).getByRole('menuitem');
      const wanted = commandsIn(menu as Menu).map((name) => expect.stringContaining(COMMANDS[name].title));
      await expect.poll(() => items.allInnerTexts()).toEqual(wanted);
      if (menu === 'view') await window.pictures('menu', PAGE);
      await press('ArrowLeft');
      await press('ArrowDown');
    }
    await press('ArrowUp');
    const help = window.page.getByRole('menuitem', { name: MENUS.help, exact: true });
    await expect.poll(() => help.evaluate((i) => document.activeElement === i)).toBe(true);
    await press('ArrowRight');
    await window.page.getByRole('menuitem', { name: 'Glossary' }).click();
    await window.dialog.getByRole('table', { name: 'Terms' }).waitFor();
    await window.closeDialog();
    await expect.poll(() => button.evaluate((b) => document.activeElement === b)).toBe(true);
  });

  test('F1 and ? show the keys; Ctrl and a digit turns to a view; F5 reads again', async () => {
    await window.startAtCpus();
    for (const key of ['F1', '?']) {
      await press(key);
      const keys = window.dialog.getByRole('table', { name: 'Keys' });
      await keys.getByRole('row', { name: /^F5 / }).waitFor();
      await keys.getByRole('row', { name: /^Ctrl 8 / }).waitFor();
      // Keys do not reach what lies below the dialog.
      await press('Control+1');
      expect(await shown()).toBe('CPUs');
      await window.closeDialog();
    }
    for (const [at, view] of VIEW_NAMES.entries()) {
      await press(`Control+${at + 1}`);
      await expect.poll(shown).toBe(VIEWS[view].label);
    }
    // A question mark is a letter in a text.
    await press('Control+k');
    await press('?');
    expect(await window.dialog.count()).toBe(0);
  });

  test('About has the versions of all parts, and says of each source whether it works', async () => {
    await window.startAtCpus();
    await window.go('about');
    const versions = window.dialog.getByRole('table', { name: 'Versions' });
    await versions.getByRole('row', { name: /^Node\.js v?\d+\./ }).waitFor();
    const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
    await versions.getByRole('row', { name: `Linux ${kernel}` }).waitFor();
    await versions.getByRole('row', { name: /Kernel module/ }).waitFor();
    expect(await versions.getByRole('row', { name: 'Electron' }).count()).toBe(window.name === 'electron' ? 1 : 0);
    const sources = window.dialog.getByRole('table', { name: 'Sources' });
    await sources
      .getByRole('row', { name: /works:/ })
      .first()
      .waitFor();
    await window.pictures('about', DIALOG);
    await window.closeDialog();
  });

  test('the menu of the desktop has the same commands, and runs them', async () => {
    if (!window.face.menu) return;
    await window.startAtCpus();
    const items = await window.face.menu();
    for (const [menu, caption] of Object.entries(MENUS)) {
      const titles = items.find(({ label }) => label === caption)?.items ?? [];
      expect(titles).toEqual(expect.arrayContaining(commandsIn(menu as Menu).map((name) => COMMANDS[name].title)));
    }
    await window.face.menu(MENUS.view, 'Physical memory');
    await expect.poll(shown).toBe('Physical memory');
  });
});
