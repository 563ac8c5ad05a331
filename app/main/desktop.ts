// SPDX-License-Identifier: GPL-2.0-only
// The desktop face: one window on the explorer.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  type MenuItemConstructorOptions,
  protocol,
  screen,
  session,
  shell,
} from 'electron';
import { COMMANDS, commandsIn, MENUS } from '../contract/commands.ts';
import { fragmentOf } from '../contract/link.ts';
import { answer } from '../contract/rpc.ts';
import { keepBounds, keptBounds } from './bounds.ts';
import { EXTENSION } from './capture/container.ts';
import { exploreFile, listCaptures } from './captures.ts';
import { connections, connectQuestion } from './connections.ts';
import { Explorer } from './explorer/explorer.ts';
import { downloadFile, HELPER, LABS_PROGRAM, PRELOAD, rendererFile } from './files.ts';
import { launchQuestion } from './launch.ts';
import { Machine, notReadable } from './machine.ts';
import { SavedFiles } from './saved.ts';
import { CONTENT_SECURITY_POLICY } from './security.ts';
import { type Captures, Service, type ServiceOptions } from './service/service.ts';
import { Failed } from './sources/failed.ts';
import { absentSources } from './sources/sources.ts';
import { waysHere } from './sources/ways.ts';
import { Wanted, wantedBy } from './start.ts';

const ORIGIN = 'app://cr3scope';
const MANUAL = 'https://docs.kernel.org/admin-guide/mm/pagemap.html';
protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);
// Chromium's sandbox can't be entered from root; it must be off then, and the status line says so.
const asRoot = process.getuid?.() === 0;
if (!asRoot) app.enableSandbox();
// If sudo keeps HOME, root's files would be in the home of a user who can't remove them.
if (asRoot) {
  process.env.HOME = userInfo().homedir;
  const profile = join(process.env.HOME, '.config', app.getName());
  if (!app.commandLine.hasSwitch('user-data-dir')) app.setPath('userData', profile);
}
const rootNotice = asRoot ? ['as root: renderer sandbox off'] : [];

/** The services of all windows. */
const services = new Set<Service>();

/** The page of each window. */
const pages = new WeakMap<object, ReturnType<typeof attend>>();

/** Windows that show a question. */
const asking = new WeakSet<BrowserWindow>();

async function serveFile(request: Request): Promise<Response> {
  const { pathname, host } = new URL(request.url);
  const document = host === 'cr3scope' ? downloadFile(services, pathname) : undefined;
  if (document)
    return new Response(Readable.toWeb(createReadStream('', { fd: document.fd })) as ReadableStream, {
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': 'attachment',
        'Content-Length': String(document.size),
      },
    });
  const file = host === 'cr3scope' ? rendererFile(pathname) : undefined;
  if (!file) return new Response('Not found', { status: 404 });
  return new Response(new Uint8Array(await readFile(file.path)), {
    headers: {
      'Content-Type': file.type,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** What each window has saved. */
const savedFiles = new Map<BrowserWindow, SavedFiles>();

/** Tells a page where its file was saved. The user has chosen the place. */
function followDownloads(): void {
  session.defaultSession.on('will-download', (_event, item, contents) => {
    const window = BrowserWindow.fromWebContents(contents);
    const path = new URL(item.getURL()).pathname;
    item.once('done', (_done, state) => {
      const file = state === 'completed' ? item.getSavePath() : null;
      if (!window || window.isDestroyed()) return;
      if (file) savedFiles.get(window)?.add(file);
      pages.get(window)?.emit('saved', { path, file });
    });
  });
}

function lockDown(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, done) =>
    done(permission === 'clipboard-sanitized-write'),
  );
  session.defaultSession.setPermissionCheckHandler(
    (_contents, permission) => permission === 'clipboard-sanitized-write',
  );
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

/** Each runs in the page of the window, which also listens to its key. */
const itemsOf = (menu: keyof typeof MENUS): MenuItemConstructorOptions[] =>
  commandsIn(menu).map((name) => {
    const { title, key } = COMMANDS[name];
    return {
      label: title,
      ...(key && { accelerator: key, registerAccelerator: false }),
      click: (_item, window) => window && pages.get(window)?.emit('command', { name }),
    };
  });

function setMenu(): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      {
        label: MENUS.file,
        submenu: [
          ...itemsOf('file'),
          { type: 'separator' },
          { role: 'close' },
          { type: 'separator' },
          { role: 'quit' },
        ],
      },
      { role: 'editMenu' },
      {
        label: MENUS.view,
        submenu: [
          ...itemsOf('view'),
          { type: 'separator' },
          { role: 'resetZoom' },
          { role: 'zoomIn' },
          { role: 'zoomOut' },
          { type: 'separator' },
          { role: 'togglefullscreen' },
        ],
      },
      { label: MENUS.go, submenu: itemsOf('go') },
      { label: MENUS.process, submenu: itemsOf('process') },
      { role: 'windowMenu' },
      {
        role: 'help',
        label: MENUS.help,
        submenu: [
          ...itemsOf('help'),
          { label: 'How the kernel reports pages', click: () => void shell.openExternal(MANUAL) },
        ],
      },
    ]),
  );
}

/** From a window to other machines, each in a window of its own. */
const toOthers = (window: BrowserWindow) =>
  connections(
    (machine) => openWindow(machine.explorer, { machine }),
    rootNotice,
    (host) => ask(window, connectQuestion(host), 'Connect', `${host} was not connected`),
  );

/** Shows a capture or a memory image in a window of its own. Throws Failed if it is neither. */
async function openCapture(path: string): Promise<void> {
  openWindow(await exploreFile(path, rootNotice));
}

async function showCapture(path: string): Promise<void> {
  try {
    await openCapture(path);
  } catch (error) {
    const { message, remedy } = Failed.from(error);
    dialog.showErrorBox('cr3scope cannot open this file', `${message}\n\n${remedy}`);
  }
}

/** From a window to captures, each in a window of its own. */
const toCaptures = (window: BrowserWindow): Captures => ({
  list: listCaptures,
  async choose() {
    const filters = [
      { name: 'Captures', extensions: [EXTENSION.slice(1)] },
      { name: 'Memory images', extensions: ['*'] },
    ];
    const { filePaths } = await dialog.showOpenDialog(window, { filters, properties: ['openFile'] });
    return filePaths[0] ?? '';
  },
  async open(path) {
    await openCapture(path);
    return '';
  },
});

/** Serves the page in a window until `end`. */
function attend(window: BrowserWindow, service: Service) {
  let over = false;
  let receiver: Parameters<typeof ipcMain.on>[1] | undefined;
  const channel = {
    send: (bytes: Uint8Array) => {
      if (!over && !window.isDestroyed()) window.webContents.send('cr3scope', bytes);
    },
    onMessage: (receive: (bytes: Uint8Array) => void) => {
      receiver = (event, bytes: unknown) => {
        // Only our own page in the top frame of this window may speak.
        const frame = event.senderFrame;
        if (
          event.sender === window.webContents &&
          frame &&
          !frame.parent &&
          frame.url.startsWith(`${ORIGIN}/`) &&
          bytes instanceof Uint8Array
        )
          receive(bytes);
      };
      ipcMain.on('cr3scope', receiver);
    },
  };
  const { emit } = answer(channel, (method, args) => service.call(method, args), Failed.from);
  service.listen(emit);
  services.add(service);
  const end = () => {
    over = true;
    services.delete(service);
    if (receiver) ipcMain.removeListener('cr3scope', receiver);
    service.close();
  };
  return { emit, end };
}

/** Asks the user, who may press `agree`; throws `refused` if they do not. */
async function ask(
  window: BrowserWindow,
  { message, detail }: ReturnType<typeof launchQuestion>,
  agree: string,
  refused: string,
): Promise<void> {
  if (asking.has(window)) throw new Failed('you are being asked something already', 'Answer that first.', 'EBUSY');
  asking.add(window);
  try {
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      title: 'cr3scope',
      message,
      detail,
      buttons: ['Cancel', agree],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    if (response !== 1) throw new Failed(refused, 'You chose Cancel.', 'ECANCELED');
  } finally {
    asking.delete(window);
  }
}

const boundsFile = () => join(app.getPath('userData'), 'window.json');

interface Opened {
  readonly window: BrowserWindow;
  /** Takes the window to a link. */
  visit(link: string): void;
}

/** `link`: what it shows first. */
function openWindow(explorer: Explorer, options: ServiceOptions = {}, link?: string): Opened {
  const kept = keptBounds(
    boundsFile(),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow({
    ...(kept ? { x: kept.x, y: kept.y, width: kept.width, height: kept.height } : { width: 1440, height: 900 }),
    minWidth: 800,
    minHeight: 560,
    title: 'cr3scope',
    autoHideMenuBar: true,
    backgroundColor: '#0f1216',
    webPreferences: {
      preload: PRELOAD,
      contextIsolation: true,
      nodeIntegration: false,
      sandbox: true,
      spellcheck: false,
    },
  });
  if (kept?.maximized) window.maximize();
  window.on('close', () => keepBounds(boundsFile(), { ...window.getNormalBounds(), maximized: window.isMaximized() }));
  const saved = new SavedFiles((path) => shell.showItemInFolder(path));
  savedFiles.set(window, saved);
  // The user is asked here before a program is started or a machine is connected, because the page itself can't be trusted.
  const begin = () =>
    attend(
      window,
      new Service(explorer, {
        ...options,
        connections: toOthers(window),
        captures: toCaptures(window),
        showSaved: (path) => saved.show(path),
        permitLaunch: async (wanted) => ask(window, launchQuestion(wanted), 'Start it', 'the program was not started'),
      }),
    );
  // Each page that is loaded has its own service. What the previous page started ends.
  window.webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (!isMainFrame || isSameDocument) return;
    pages.get(window)?.end();
    pages.set(window, begin());
  });
  window.on('closed', () => {
    pages.get(window)?.end();
    savedFiles.delete(window);
  });
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit' && !window.isDestroyed()) window.reload();
  });
  void window.loadURL(`${ORIGIN}/index.html${link ? `#${fragmentOf({ link })}` : ''}`);
  return { window, visit: (to) => pages.get(window)?.emit('visit', { link: to }) };
}

/** This machine, and its window. It is opened once, so that the user is asked once. */
let here: Promise<Machine> | undefined;
let shown: Opened | undefined;

/** Shows this machine, at a link if there is one. */
async function showMachine(link?: string): Promise<void> {
  const reason = notReadable();
  if (!reason) here ??= Machine.open(waysHere(HELPER, true), rootNotice);
  const machine = await here;
  if (shown && !shown.window.isDestroyed()) {
    if (link) shown.visit(link);
    if (shown.window.isMinimized()) shown.window.restore();
    return shown.window.focus();
  }
  const explorer = machine ? machine.explorer : new Explorer(absentSources(reason as Failed));
  shown = openWindow(explorer, machine && { labsProgram: LABS_PROGRAM, machine }, link);
  machine?.ask();
}

/** Shows what a start wants. A capture needs neither privileges nor Linux. */
async function show({ captures, link }: Wanted): Promise<void> {
  for (const capture of captures) await showCapture(capture);
  if (link || captures.length === 0) await showMachine(link);
}

async function main(): Promise<void> {
  const { argv, defaultApp } = process;
  // In a checkout, the first word after the options is the folder of the app.
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  const wanted = wantedBy(defaultApp ? words.slice(1) : words, process.cwd());
  // The window that is open already shows it.
  if (!app.requestSingleInstanceLock(wanted)) {
    app.quit();
    return;
  }
  await app.whenReady();
  protocol.handle('app', serveFile);
  lockDown();
  followDownloads();
  setMenu();
  app.on('window-all-closed', () => app.quit());
  app.on('second-instance', (_event, _argv, _directory, also) => {
    const { success, data } = Wanted.safeParse(also);
    show(success ? data : { captures: [] }).catch(complain);
  });
  await show(wanted);
  if (BrowserWindow.getAllWindows().length === 0) app.exit(2);
}

function complain(error: unknown): void {
  const { message, remedy } = Failed.from(error);
  dialog.showErrorBox('cr3scope cannot start', `${message}\n\n${remedy}`);
}

main().catch(async (error: unknown) => {
  // Before that, a dialog would be lines in a terminal that nobody may see.
  await app.whenReady();
  complain(error);
  app.exit(2);
});
