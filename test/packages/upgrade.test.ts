// SPDX-License-Identifier: GPL-2.0-only
// Command line and window upgraded from an older version, by a person who has used that: settings stay, what is no more goes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built, version } from './built.ts';
import { OLDER, older } from './older.ts';
import { Root } from './root.ts';
import { dependencies, giveCapture, HOME, openWindow } from './window.ts';

const NAMES = ['cr3scope', 'cr3scope-desktop'];
const RULES = 'etc/apparmor.d/local/cr3scope-desktop';
const HOSTS = `${HOME}/.config/cr3scope/hosts`;
let root: Root;
const at = (path: string) => join(root.folder, path);
/** Of each package, with its version. */
const files = () =>
  root
    .must('dpkg-query', '--listfiles', ...NAMES)
    .split('\n')
    .filter((file) => file !== '');
const versions = () => NAMES.map((name) => root.must('dpkg-query', '--show', name).trim().split('\t')[1]);

beforeAll(() => {
  root = Root.fresh('trixie');
  root.apt('update');
  root.apt('install', 'apparmor', 'xvfb');
  root.apt('satisfy', dependencies());
  giveCapture(root);
});
afterAll(() => root?.close());

test('an upgrade keeps settings and removes what is no more', async () => {
  root.apt('install', ...NAMES.map((name) => root.give(older(name))));
  expect(versions()).toEqual([OLDER, OLDER]);
  const before = files();
  writeFileSync(at(RULES), '# mine\n');
  await openWindow(root, async (page) => {
    for (const now of ['system', 'light']) await page.getByRole('button', { name: `Colours: ${now}.` }).click();
    await page.getByRole('button', { name: 'Colours: dark.' }).waitFor();
  });
  writeFileSync(at(HOSTS), 'vera@lab1\n');

  root.apt('install', ...NAMES.map((name) => root.give(built(name))));
  expect(versions()).toEqual([version, version]);
  const gone = before.filter((file) => !files().includes(file));
  expect(gone).toContainEqual(expect.stringMatching(/renderer\/assets\/index-.*\.js$/));
  expect(gone.filter((file) => existsSync(at(file)))).toEqual([]);
  expect(readFileSync(at(RULES), 'utf8')).toBe('# mine\n');
  expect(readFileSync(at(HOSTS), 'utf8')).toBe('vera@lab1\n');
  expect(root.run('cr3scope', 'doctor').status).toBe(0);
  await openWindow(root, async (page) => {
    await page.getByRole('button', { name: 'Colours: dark.' }).waitFor();
  });
});
