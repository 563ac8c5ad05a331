// SPDX-License-Identifier: GPL-2.0-only
// The faces of the product, started as a user would: the desktop window and the browser on `cr3scope serve`. They run as an
// ordinary user with a helper (installed.ts), unless a test wants root.
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { _electron, type Browser, chromium, type ElectronApplication, type Page } from 'playwright-core';
import { fragmentOf } from '../../app/contract/link.ts';
import { ACCOUNT, accountFolder, electronProgram, installed, installedCli, spawnInstalled } from './installed.ts';

export const SHOTS = 'test/artifacts';
mkdirSync(SHOTS, { recursive: true });

/** What the desktop's main process shows in a native dialog. */
export interface MessageBoxOptions {
  message: string;
  detail: string;
  buttons: string[];
  defaultId: number;
  cancelId: number;
}

export interface Face {
  page: Page;
  /** Of cr3scope itself. */
  pid: number;
  /** Messages of the page's console that are errors or warnings: CSP violations come here. */
  complaints: string[];
  /** What the desktop's processes have printed, Chromium's own words on its sandbox among it. */
  log(): string;
  /** Loads the page at a link as if it were opened for the first time: it has forgotten what it kept. */
  load(link?: string): Promise<void>;
  /** Runs `act` and resolves to the path of the file that it made the page save. */
  download(act: () => Promise<void>, path: string): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  /** Has every question of the desktop answered by this button from now on; resolves to what gives those asked so far. */
  answer(button: number): Promise<() => Promise<MessageBoxOptions[]>>;
  /** The titles of all windows. */
  titles(): Promise<string[]>;
  /** Has the dialog for files answered with this path from now on; in a browser while `act` asks for it. */
  choose(path: string, act: () => Promise<void>): Promise<void>;
  /** The menus of the desktop with their items; chooses one of them if it is named. A browser has none. */
  menu?(caption?: string, item?: string): Promise<{ label: string; items: string[] }[]>;
  /** Has the desktop show no folders from now on; resolves to what gives the files that it was to show in theirs. */
  reveals(): Promise<() => Promise<string[]>>;
  close(): Promise<void>;
}

export const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];

/** Waits until everything is read, drawn and at rest. */
export async function settle(page: Page): Promise<void> {
  const isSettled = () =>
    page.evaluate(async () => {
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      return document.querySelector('[aria-busy=true]') === null;
    });
  const deadline = Date.now() + 60_000;
  while (!(await isSettled())) if (Date.now() > deadline) throw new Error('the page does not come to rest');
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text());
  });
  page.on('pageerror', (e) => complaints.push(String(e)));
  return complaints;
}

async function load(page: Page, link?: string): Promise<void> {
  // A page that is not connected yet would lose the token of its link.
  const connected = page.locator('main[aria-busy=false]');
  await connected.waitFor();
  await page.evaluate(
    (fragment) => {
      localStorage.clear();
      localStorage.setItem('cr3scope.tour', '"known"'); // it is offered once
      window.history.replaceState(null, '', `#${fragment}`);
    },
    fragmentOf(link ? { link } : {}),
  );
  await page.reload();
  await connected.waitFor();
}

interface Served {
  readonly url: string;
  readonly port: number;
  /** Of the server, which may be a child of `child`. */
  readonly pid: number;
  readonly child: ChildProcess;
  /** The first line that it says of what went wrong. */
  readonly complaint: Promise<string>;
}

/** Starts `cr3scope serve` as root, whom no user has called; its link works once. */
export const startServer = (options: readonly string[] = [], env: NodeJS.ProcessEnv = process.env): Promise<Served> =>
  startWithSudo([process.execPath, 'out/main/cli.cjs'], options, {
    ...env,
    SUDO_UID: undefined,
    PKEXEC_UID: undefined,
  });

/** Starts it as root with this environment, in which sudo says who has called it. */
export const startWithSudo = (
  [program = '', ...words]: readonly string[],
  options: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Served> => served(spawn(program, [...words, ...serve(options)], { stdio: SERVED, env }));

/** The same as an ordinary user. */
export const startServerAsUser = (options: readonly string[] = []): Promise<Served> =>
  served(spawnInstalled(installed(), [...installedCli(installed()), ...serve(options)], { stdio: [...SERVED] }));

const SERVED: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
const serve = (options: readonly string[]) => ['serve', '--json', ...options];

async function served(child: ChildProcess): Promise<Served> {
  const { stderr } = child;
  if (!stderr) throw new Error('serve has no stderr');
  const complaint = new Promise<string>((ok) => createInterface({ input: stderr }).once('line', ok));
  stderr.pipe(process.stderr, { end: false });
  const line = await new Promise<string>((ok, no) => {
    child.once('exit', () => no(new Error('serve ended')));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', ok);
  });
  return { ...(JSON.parse(line) as { url: string; port: number; pid: number }), child, complaint };
}

export const openBrowser = async (): Promise<Face> => openChromium(await startServerAsUser(['--launch']));

/** Without a helper, and away from every terminal in which sudo could ask. */
export const openBrowserUnprivileged = async (): Promise<Face> => {
  const setpriv = [`--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--init-groups', '--inh-caps=-all'];
  const env = { ...process.env, HOME: accountFolder(installed()), USER: ACCOUNT };
  const command = [...setpriv, ...installedCli(installed()), ...serve(['--launch'])];
  return openChromium(await served(spawn('setpriv', command, { stdio: SERVED, env, detached: true })));
};

export const openBrowserAsRoot = async (...options: string[]): Promise<Face> =>
  openChromium(await startServer(options));

async function openChromium({ url, child }: Served): Promise<Face> {
  const browser: Browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_FLAGS });
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints = listen(page);
  await page.goto(url);
  return {
    page,
    pid: child.pid as number,
    complaints,
    log: () => '',
    load: (link) => load(page, link),
    download: async (act, path) => {
      const [download] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), act()]);
      await download.saveAs(path);
    },
    resize: (width, height) => page.setViewportSize({ width, height }),
    reveals: async () => async () => [],
    answer: async () => async () => [], // a browser asks nothing: `serve --launch` has said it
    titles: async () => [await page.title()],
    choose: async (path, act) => {
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), act()]);
      await chooser.setFiles(path);
    },
    close: async () => {
      await browser.close();
      child.kill('SIGTERM');
    },
  };
}

export async function display(): Promise<{ name: string; stop(): void }> {
  if (process.env.DISPLAY) return { name: process.env.DISPLAY, stop: () => undefined };
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const name = await new Promise<string>((ok, no) => {
    server.once('exit', () => no(new Error('Xvfb ended')));
    server.stdio[3]?.once('data', (text: Buffer) => ok(`:${text.toString().trim()}`));
  });
  return { name, stop: () => server.kill() };
}

/** `argument`: a link, as the desktop's handler of cr3scope:// passes it, or the path of a capture. */
export const openDesktop = (argument?: string): Promise<Face> =>
  openElectron(join(installed(), 'desktop'), installed(), accountFolder(installed()), argument);

/** The same with a folder for what it keeps, which stays when it is closed. */
export const openDesktopIn = (folder: string): Promise<Face> =>
  openElectron(join(installed(), 'desktop'), installed(), folder, undefined, [], true);

export const openDesktopAsRoot = (argument?: string): Promise<Face> =>
  openElectron(electronProgram() as string, resolve('.'), mkdtempSync(join(tmpdir(), 'cr3scope-profile-')), argument, [
    '--no-sandbox',
  ]);

/** Chromium says on stderr which of its processes has entered its sandbox. */
const LOG_FLAGS = ['--enable-logging=stderr', '--vmodule=sandbox_linux=1'];

/** With a folder for what it keeps and saves: whoever uses cr3scope here keeps theirs. */
async function openElectron(
  executablePath: string,
  product: string,
  folder: string,
  argument?: string,
  flags: readonly string[] = [],
  keep = false,
): Promise<Face> {
  const screen = await display();
  const app: ElectronApplication = await _electron.launch({
    executablePath,
    chromiumSandbox: true, // root's flags turn it off
    args: [
      ...flags,
      ...LOG_FLAGS,
      '--disable-gpu',
      `--user-data-dir=${folder}`,
      product,
      ...(argument ? [argument] : []),
    ],
    env: { ...(process.env as Record<string, string>), DISPLAY: screen.name },
    colorScheme: 'dark',
  });
  let log = '';
  app.process().stderr?.on('data', (text: Buffer) => (log += text));
  const page = await app.firstWindow();
  const complaints = listen(page);
  return {
    page,
    pid: await app.evaluate(() => process.pid),
    complaints,
    log: () => log,
    load: (link) => load(page, link),
    download: async (act, path) => {
      // The window's user may write nowhere else.
      const own = join(folder, 'saved');
      const saved = app.evaluate(
        ({ session }, to) =>
          new Promise<string>((ok) => {
            session.defaultSession.once('will-download', (_event, item) => {
              item.setSavePath(to);
              item.once('done', (_e, state) => ok(state));
            });
          }),
        own,
      );
      await act();
      if ((await saved) !== 'completed') throw new Error('the download did not complete');
      copyFileSync(own, path);
    },
    resize: async (width, height) => {
      await app.evaluate(
        ({ BrowserWindow }, size) =>
          BrowserWindow.getAllWindows()[0]?.setContentSize(size[0] as number, size[1] as number),
        [width, height],
      );
    },
    answer: async (button) => {
      await app.evaluate(({ dialog }, response) => {
        const asked: unknown[] = [];
        Object.assign(globalThis, { asked });
        dialog.showMessageBox = async (...args: unknown[]) => {
          asked.push(args.at(-1));
          return { response, checkboxChecked: false };
        };
      }, button);
      return () => app.evaluate(() => (globalThis as unknown as { asked: MessageBoxOptions[] }).asked);
    },
    titles: () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((w) => w.getTitle())),
    choose: async (path, act) => {
      await app.evaluate(({ dialog }, file) => {
        dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [file] });
      }, path);
      await act();
    },
    menu: (caption, item) =>
      app.evaluate(
        ({ Menu, BrowserWindow }, wanted) => {
          const menus = Menu.getApplicationMenu()?.items ?? [];
          const itemsOf = (label: string | undefined) => menus.find((m) => m.label === label)?.submenu?.items ?? [];
          const [window] = BrowserWindow.getAllWindows();
          itemsOf(wanted[0])
            .find(({ label }) => label === wanted[1])
            ?.click(undefined, window, window?.webContents);
          return menus.map(({ label }) => ({ label, items: itemsOf(label).map((i) => i.label) }));
        },
        [caption, item],
      ),
    reveals: async () => {
      await app.evaluate(({ shell }) => {
        const revealed: string[] = [];
        Object.assign(globalThis, { revealed });
        shell.showItemInFolder = (path) => void revealed.push(path);
      });
      return () => app.evaluate(() => (globalThis as unknown as { revealed: string[] }).revealed);
    },
    close: async () => {
      await app.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
      screen.stop();
    },
  };
}

export const shot = (name: string) => join(SHOTS, `${name}.png`);
