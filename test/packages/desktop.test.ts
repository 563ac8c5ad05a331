// SPDX-License-Identifier: GPL-2.0-only
// The package of the window in fresh roots of Debian: what the system learns from it, and the window with Chromium's sandbox.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SHOTS, settle } from '../e2e/faces.ts';
import { ACCOUNT } from '../e2e/installed.ts';
import { built, field as fieldOf } from './built.ts';
import { Root } from './root.ts';

const PROGRAM = '/usr/lib/cr3scope-desktop/cr3scope-desktop';
const PROFILE = 'etc/apparmor.d/cr3scope-desktop';
const ENTRY = 'org.cr3scope.app.desktop';
const TYPE = 'application/x-cr3scope';
/** Those that show what the system has learnt, and a screen. */
const TOOLS = ['apparmor', 'appstream', 'desktop-file-utils', 'libglib2.0-bin', 'xdg-utils', 'xvfb'];

const field = (pid: number, name: string) =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
const space = (pid: number, name: string) => readlinkSync(`/proc/${pid}/ns/${name}`);
/** Chromium joins the words of a process that its zygote has forked. */
const words = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);

/** The processes of the window. */
function processes(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) === PROGRAM;
    } catch {
      return false; // it has exited, or is of the kernel
    }
  });
}

/** What both packages depend on, but for each other. */
const dependencies = () =>
  ['cr3scope', 'cr3scope-desktop']
    .flatMap((name) => fieldOf(built(name), 'Depends').split(', '))
    .filter((word) => !word.startsWith('cr3scope'))
    .join(', ');

describe.each(['bookworm', 'trixie'])('in a fresh root of %s', (suite) => {
  let root: Root;
  let before: string[];
  const at = (path: string) => join(root.folder, path);

  beforeAll(() => {
    root = new Root(suite);
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
    mkdirSync(at('tmp/captures'));
    // The name does not say what it is.
    copyFileSync('test/fixtures/captures/v0.3-whole.cr3scope', at('tmp/captures/whole'));
    expect(root.must('gio', 'info', '-a', 'standard::content-type', '/tmp/captures/whole')).toContain(TYPE);
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
    root.must('install', '-d', '-o', ACCOUNT, '/tmp/home');
    const start = `
      Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3>/tmp/display &
      until [ -s /tmp/display ]; do kill -0 $!; sleep 0.1; done
      exec setpriv --reuid=${ACCOUNT} --regid=${ACCOUNT} --init-groups env -i PATH=/usr/bin:/bin HOME=/tmp/home \\
        DISPLAY=:$(cat /tmp/display) cr3scope-desktop --disable-gpu --remote-debugging-port=0 /tmp/captures/whole`;
    const [program, args] = root.command('sh', '-ec', start);
    const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    try {
      const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
      const port = await new Promise<string>((ok, no) => {
        let said = '';
        lines.on('line', (line) => {
          said += `${line}\n`;
          const found = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
          if (found) ok(found);
        });
        once(child, 'exit').then(([code]) => no(new Error(`it ended with ${code}:\n${said}`)), no);
      });
      // Electron manages no contexts, whose defaults would be set.
      const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
      const page = browser.contexts()[0]?.pages()[0];
      if (!page) throw new Error('there is no window');
      await page.getByText(/^capture of example/).waitFor();
      await settle(page);
      await page.screenshot({ path: join(SHOTS, `package-${suite}.png`) });

      const all = processes();
      const main = all.find((pid) => !words(pid).some((word) => word.startsWith('--type='))) as number;
      expect(field(main, 'Uid').split('\t')[0]).not.toBe('0');
      expect(all.flatMap(words).filter((word) => word === '--no-sandbox')).toEqual([]);
      const renderers = all.filter((pid) => words(pid).includes('--type=renderer'));
      expect(renderers.length).toBeGreaterThan(0);
      for (const pid of renderers) {
        const of = ['Seccomp', 'NoNewPrivs', 'CapEff'].map((name) => field(pid, name));
        expect(of).toEqual(['2', '1', '0000000000000000']);
        for (const name of ['user', 'pid', 'net']) expect(space(pid, name)).not.toBe(space(main, name));
      }
      await browser.close();
    } finally {
      process.kill(-(child.pid as number));
      await once(child, 'exit');
    }
  });

  test('purge leaves nothing', () => {
    root.apt('purge', 'cr3scope-desktop', 'cr3scope');
    const after = root.files();
    expect({ left: after.filter((f) => !before.includes(f)), gone: before.filter((f) => !after.includes(f)) }).toEqual({
      left: [],
      gone: [],
    });
  });
});
