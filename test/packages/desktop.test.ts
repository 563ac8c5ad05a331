// SPDX-License-Identifier: GPL-2.0-only
// The package of the window in fresh roots of Debian: what the system learns from it, and the window with Chromium's sandbox.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SHOTS } from '../e2e/faces.ts';
import { built, version } from './built.ts';
import { Root } from './root.ts';
import { CAPTURE, dependencies, expectSandbox, giveCapture, openWindow } from './window.ts';

const PROFILE = 'etc/apparmor.d/cr3scope-desktop';
const ENTRY = 'org.cr3scope.app.desktop';
const TYPE = 'application/x-cr3scope';
/** Those that show what the system has learnt, and a screen. */
const TOOLS = ['apparmor', 'appstream', 'desktop-file-utils', 'libglib2.0-bin', 'xdg-utils', 'xvfb'];

describe.each(['bookworm', 'trixie'])('in a fresh root of %s', (suite) => {
  let root: Root;
  let before: string[];
  const at = (path: string) => join(root.folder, path);

  beforeAll(() => {
    root = Root.fresh(suite);
    root.apt('update');
    root.apt('install', ...TOOLS);
    root.apt('satisfy', dependencies());
    before = root.files();
  });
  afterAll(() => root?.close());

  test('apt installs it with the command line', () => {
    root.apt('install', root.give(built('cr3scope')), root.give(built('cr3scope-desktop')));
    expect(root.must('cr3scope', '--version')).not.toBe('');
  });

  test('it is in the menu, and its entries are valid', () => {
    root.must('desktop-file-validate', `/usr/share/applications/${ENTRY}`);
    root.must('appstreamcli', 'validate-tree', '--no-net', '/');
    for (const size of [16, 22, 24, 32, 48, 64, 128, 256, 512])
      for (const icon of ['apps/cr3scope.png', 'mimetypes/application-x-cr3scope.png']) {
        const file = readFileSync(at(`usr/share/icons/hicolor/${size}x${size}/${icon}`));
        expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([size, size]);
      }
  });

  test('captures and links are opened with it', () => {
    giveCapture(root);
    expect(root.must('gio', 'info', '-a', 'standard::content-type', CAPTURE)).toContain(TYPE);
    for (const type of [TYPE, 'x-scheme-handler/cr3scope'])
      expect(root.must('xdg-mime', 'query', 'default', type).trim()).toBe(ENTRY);
  });

  test('AppArmor gets the profile where it knows the rule, also if it comes later', () => {
    const knows = suite !== 'bookworm';
    expect(existsSync(at('etc/apparmor.d/abi/4.0'))).toBe(knows);
    if (knows) root.must('rm', `/${PROFILE}`);
    root.apt('install', '--reinstall', 'apparmor');
    expect(lstatSync(at(PROFILE), { throwIfNoEntry: false })?.isSymbolicLink() ?? false).toBe(knows);
    root.must('apparmor_parser', '--skip-kernel-load', '--skip-cache', '/etc/apparmor.d');
  });

  test('an ordinary user opens a capture in it, with the sandbox on', async () => {
    await openWindow(root, async (page) => {
      await page.screenshot({ path: join(SHOTS, `package-${suite}.png`) });
      expectSandbox();
    });
  });

  test('purge leaves nothing', () => {
    root.apt('purge', 'cr3scope-desktop', 'cr3scope');
    const after = root.files();
    expect({ left: after.filter((f) => !before.includes(f)), gone: before.filter((f) => !after.includes(f)) }).toEqual({
      left: [],
      gone: [],
    });
  });

  test('the tar.gz runs from its folder, with nothing installed', async () => {
    const name = `cr3scope-${version}-linux-x64`;
    root.must('tar', '-xf', root.give(resolve('dist', `${name}.tar.gz`)), '-C', '/opt');
    expect(root.must(`/opt/${name}/bin/cr3scope`, '--version').trim()).toBe(version);
    expect(root.must(`/opt/${name}/bin/cr3scope`, 'doctor')).toContain('2 sources: pages can be cross-checked.');
    await openWindow(root, async () => void expectSandbox(), { launcher: `/opt/${name}/bin/cr3scope-desktop` });
  });
});
