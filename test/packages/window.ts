// SPDX-License-Identifier: GPL-2.0-only
// The window of the installed package, opened in a root by an ordinary user under Xvfb, and what the kernel says of the sandbox
// of its processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { settle } from '../e2e/faces.ts';
import { ACCOUNT } from '../e2e/installed.ts';
import { built, field as fieldOf } from './built.ts';
import type { Root } from './root.ts';

const PROGRAM = '/lib/cr3scope-desktop/cr3scope-desktop';
/** Its name does not say what it is. */
export const CAPTURE = '/tmp/captures/whole';

/** Enough for a guest's emulated CPU, in ms. */
const PATIENCE = 5 * 60_000;

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
      return readlinkSync(`/proc/${pid}/exe`).endsWith(PROGRAM);
    } catch {
      return false; // it has exited, or is of the kernel
    }
  });
}

/** What the packages of command line and window depend on, but for each other. */
export const dependencies = () =>
  ['cr3scope', 'cr3scope-desktop']
    .flatMap((name) => fieldOf(built(name), 'Depends').split(', '))
    .filter((word) => !word.startsWith('cr3scope'))
    .join(', ');

export function giveCapture(root: Root): void {
  mkdirSync(join(root.folder, 'tmp/captures'), { recursive: true });
  copyFileSync('test/fixtures/captures/v0.3-whole.cr3scope', join(root.folder, CAPTURE));
}

/** Of that user. */
export const HOME = '/tmp/home';
/** A shell command that runs the window's launcher with the capture, by an ordinary user with a screen. */
const start = (launcher: string) => `
  rm -f /tmp/display
  install -d -o ${ACCOUNT} ${HOME}
  Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3>/tmp/display &
  until [ -s /tmp/display ]; do kill -0 $!; sleep 0.1; done
  exec setpriv --reuid=${ACCOUNT} --regid=${ACCOUNT} --init-groups env -i PATH=/usr/bin:/bin HOME=${HOME} \\
    DISPLAY=:$(cat /tmp/display) ${launcher} --disable-gpu --remote-debugging-port=0 ${CAPTURE}`;

export interface Opening {
  launcher?: string;
  /** A command that runs this one, as sudo does. */
  through?: string[];
}

/** Opens it and has `look` look at its page. Rejects with all that it has printed where it ends before there is a page. */
export async function openWindow(
  root: Root,
  look: (page: Page) => Promise<void>,
  { launcher = 'cr3scope-desktop', through = [] }: Opening = {},
): Promise<void> {
  const [program, args] = root.command(...through, 'sh', '-ec', start(launcher));
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: root.environment, detached: true });
  const ended = once(child, 'exit');
  try {
    const lines = createInterface({ input: child.stderr });
    const port = await new Promise<string>((ok, no) => {
      let said = '';
      lines.on('line', (line) => {
        said += `${line}\n`;
        const found = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (found) ok(found);
      });
      ended.then(([code]) => no(new Error(`it ended with ${code}:\n${said}`)), no);
    });
    // Electron manages no contexts, whose defaults would be set.
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
    const [context] = browser.contexts();
    const page = context?.pages()[0] ?? (await context?.waitForEvent('page'));
    if (!page) throw new Error('there is no window');
    page.setDefaultTimeout(PATIENCE);
    await page.getByText(/^capture of example/).waitFor();
    await settle(page);
    await look(page);
    await browser.close();
  } finally {
    try {
      process.kill(-(child.pid as number)); // the screen, too
    } catch {
      // all have ended
    }
    await ended;
  }
}

/** Chromium's sandbox is on in every process that shows something. Returns the process that started the others. */
export function expectSandbox(): number {
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
  return main;
}
