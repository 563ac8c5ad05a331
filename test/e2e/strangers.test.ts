// SPDX-License-Identifier: GPL-2.0-only
// What the web face gives away on a shared machine: to a page of another port in the same browser, and to another user.
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from './faces.ts';
import { tokenOf } from './web.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let browser: Browser;
let context: BrowserContext;
/** The page of cr3scope, in use. */
let own: Page;
let hostile: Server;
let page: Page;
/** What the browser sent to the hostile server. */
const received: IncomingMessage[] = [];
const works = (of: Page) => of.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(3).waitFor();

beforeAll(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  context = await browser.newContext();
  own = await context.newPage();
  await own.goto(server.url);
  await works(own);
  hostile = createServer((request, response) => {
    received.push(request);
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>another port</title><body>');
  });
  await new Promise<void>((ok) => hostile.listen(0, '127.0.0.1', ok));
  page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(hostile.address() as AddressInfo).port}/`);
});
afterAll(async () => {
  await browser?.close();
  hostile?.close();
  server.child.kill('SIGTERM');
});

test('the token leaves the address bar and the history; a reload and a second link in the same tab work', async () => {
  expect(own.url()).toBe(`http://127.0.0.1:${server.port}/#`);
  await own.reload();
  await works(own);
  await own.goto(server.url); // nothing but the fragment changes: it was used, and this is the tab that used it
  await expect.poll(() => own.url()).toBe(`http://127.0.0.1:${server.port}/#`);
  await works(own);
});

test('another tab gets nothing by the address, nor by the used link', async () => {
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${server.port}/`);
  await other.getByText('Open the link that `cr3scope serve` printed').waitFor();
  await other.goto('about:blank');
  await other.goto(server.url);
  await other.getByText('This link was already used').waitFor();
  await other.close();
});

test('a page of another port learns no secret: cookies, Referer, storage', async () => {
  expect(await context.cookies()).toEqual([]);
  expect(await page.evaluate(() => [document.cookie, sessionStorage.length, localStorage.length])).toEqual(['', 0, 0]);
  const kept = (await own.evaluate(() => sessionStorage.getItem('cr3scope.session'))) as string;
  const sent = JSON.stringify(received.map(({ headers, url }) => [headers, url]));
  for (const secret of [tokenOf(server.url), kept]) expect(sent).not.toContain(secret);
});

test('a page of another port reads nothing: fetch, XHR, EventSource, script, image', async () => {
  const tried = await page.evaluate(async (origin) => {
    const outcome = (make: (done: (what: string) => void) => void) => new Promise<string>(make);
    const element = (of: HTMLScriptElement | HTMLImageElement) =>
      outcome((done) => {
        of.onload = () => done('loaded');
        of.onerror = () => done('refused');
        of.src = `${origin}/icon.svg`;
        document.body.append(of);
      });
    const asked = (options: RequestInit) =>
      fetch(`${origin}/`, options).then(
        async (response) => `${response.type} ${(await response.text()).length}`,
        () => 'refused',
      );
    return Promise.all([
      asked({ credentials: 'include' }),
      asked({ mode: 'no-cors', credentials: 'include' }),
      outcome((done) => {
        const request = new XMLHttpRequest();
        request.onload = () => done('loaded');
        request.onerror = () => done('refused');
        request.open('GET', `${origin}/`);
        request.send();
      }),
      outcome((done) => {
        const source = new EventSource(`${origin}/`, { withCredentials: true });
        source.onopen = () => done('open');
        source.onerror = () => done('refused');
      }),
      element(document.createElement('script')),
      element(document.createElement('img')),
    ]);
  }, `http://127.0.0.1:${server.port}`);
  expect(tried).toEqual(Array.from({ length: 6 }, () => 'refused'));
});

test('a page of another port opens no WebSocket, and no frame shows the window', async () => {
  const origin = `127.0.0.1:${server.port}`;
  const tried = await page.evaluate(
    async ([to, token]) => {
      const socket = await new Promise<string>((done) => {
        const ws = new WebSocket(`ws://${to}/`);
        ws.onopen = () => ws.send(JSON.stringify({ token }));
        ws.onmessage = () => done('answered');
        ws.onclose = () => done('closed');
      });
      const frame = document.createElement('iframe');
      frame.src = `http://${to}/#token=${token}`;
      const loaded = new Promise((done) => {
        frame.onload = done;
      });
      document.body.append(frame);
      await loaded;
      return [socket, frame.contentDocument === null];
    },
    [origin, tokenOf(server.url)] as const,
  );
  expect(tried).toEqual(['closed', true]);
  const frame = page.frames().find((of) => of.parentFrame());
  expect(await frame?.locator('#root').count()).toBe(0);
});

test('a page of another port that opens the window has no hold of it', async () => {
  const opened = context.waitForEvent('page');
  await page.evaluate((origin) => {
    const held = window.open(`${origin}/#link=${encodeURIComponent('cr3scope://lab/cow')}`);
    Object.assign(window, { held, heard: [] as unknown[] });
    window.onmessage = ({ data }) => (window as unknown as { heard: unknown[] }).heard.push(data);
  }, `http://127.0.0.1:${server.port}`);
  const victim = await opened;
  await victim.getByText('Open the link that `cr3scope serve` printed').waitFor();
  const state = await page.evaluate(() => {
    const { held, heard } = window as unknown as { held: Window | null; heard: unknown[] };
    held?.postMessage({ call: 'processes' }, '*');
    return [held?.closed, heard];
  });
  expect(state).toEqual([true, []]); // severed by Cross-Origin-Opener-Policy
  expect(await victim.evaluate(() => window.opener)).toBeNull();
  expect(spawnSync('pgrep', ['-P', String(server.child.pid)], { encoding: 'utf8' }).stdout).toBe('');
  await victim.close();
});

test('a process of another user gets the files of the user interface, and nothing else', () => {
  const program = `
    const port = ${server.port};
    const origin = 'http://127.0.0.1:' + port;
    const said = async (first) => new Promise((done) => {
      const ws = new WebSocket('ws://127.0.0.1:' + port, { headers: { Origin: origin } });
      ws.onopen = () => ws.send(first);
      ws.onmessage = ({ data }) => done('answered ' + data);
      ws.onclose = ({ code, reason }) => done(code + ' ' + reason);
    });
    const file = await fetch(origin + '/');
    const out = [
      process.getuid(), file.status, file.headers.getSetCookie(),
      (await fetch(origin + '/export/x')).status,
      await said('{}'),
      await said(JSON.stringify({ token: 'x'.repeat(32) })),
      await said(new Uint8Array([0x83])),
    ];
    console.log(JSON.stringify(out));
  `;
  const { stdout, stderr } = spawnSync(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8', cwd: '/' },
  );
  expect(stderr).toBe('');
  const none = '4401 Open the link that `cr3scope serve` printed.';
  expect(JSON.parse(stdout)).toEqual([65534, 200, [], 404, none, none, '4401 The first message must be text.']);
  expect(readable(`/proc/${server.child.pid}/cmdline`)).not.toContain(tokenOf(server.url));
});

/** What every user can read of a file. */
const readable = (path: string) =>
  spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'cat', path], { encoding: 'utf8' }).stdout;
