// SPDX-License-Identifier: GPL-2.0-only
// The web face on a shared host: who may connect, and who may not.
import { spawnSync } from 'node:child_process';
import { connect as connectTo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { ExportEvent } from '../../app/contract/api.ts';
import { startServer } from './faces.ts';
import { closed, dial, get, greet, openPage, tokenOf, type WebPage } from './web.ts';

/** How long the server waits for a first message. */
const FIRST_MESSAGE_MS = 10_000;

let server: Awaited<ReturnType<typeof startServer>>;
let page: WebPage;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => {
  server.child.kill('SIGTERM');
});

function upgrade(headers: Record<string, string>): Promise<string> {
  return new Promise((ok) => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers });
    ws.on('open', () => {
      ws.close();
      ok('open');
    });
    ws.on('error', (e) => ok(e.message));
  });
}

test('the link holds its token after the #, where no request and no Referer carries it', () => {
  const { search, hash } = new URL(server.url);
  expect([search, hash]).toEqual(['', expect.stringMatching(/^#token=[\w-]{32}$/)]);
});

test('files of the user interface are for everyone, with a strict policy and no cookie', async () => {
  const { status, headers } = await get(server.port, '/');
  expect(status).toBe(200);
  expect(headers['set-cookie']).toBeUndefined();
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  });
});

test('only a loopback name is answered: Host', async () => {
  for (const Host of ['evil.example', `localhost.evil.example:${server.port}`, '127.0.0.1.evil.example', '0.0.0.0'])
    expect([Host, (await get(server.port, '/', { Host })).status]).toEqual([Host, 403]);
  expect((await get(server.port, '/', { Host: `localhost:${server.port}` })).status).toBe(200);
});

test('only GET is answered', async () => {
  for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS'])
    expect([method, (await fetch(`http://127.0.0.1:${server.port}/`, { method })).status]).toEqual([method, 405]);
});

test('nothing outside of the user interface is served: traversal, escapes, null bytes', async () => {
  for (const path of [
    '/../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/nothing.js',
    '/%00.js',
    '/%',
    '/export/',
    '/export/one',
  ])
    expect([path, (await get(server.port, path)).status]).toEqual([path, 404]);
});

test('a page of another origin gets no file, and may only lead here: Sec-Fetch-Site', async () => {
  for (const site of ['cross-site', 'same-site']) {
    const from = (mode: string, dest: string) =>
      get(server.port, '/', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode, 'Sec-Fetch-Dest': dest });
    expect((await from('no-cors', 'script')).status).toBe(403);
    expect((await from('cors', 'empty')).status).toBe(403);
    expect((await from('navigate', 'iframe')).status).toBe(403);
    expect((await from('navigate', 'document')).status).toBe(200);
  }
});

test('no socket from another origin or under another name: Origin and Host', async () => {
  expect(await upgrade({ Origin: `http://127.0.0.1:${server.port}` })).toBe('open');
  expect(await upgrade({})).toContain('403');
  for (const Origin of [
    'http://evil.example',
    `http://127.0.0.1:${server.port + 1}`,
    `http://localhost:${server.port}`,
    'null',
  ])
    expect([Origin, await upgrade({ Origin })]).toEqual([Origin, expect.stringContaining('403')]);
  expect(await upgrade({ Origin: 'http://evil.example', Host: 'evil.example' })).toContain('403');
});

test('a socket that does not begin with a secret is closed and told why', async () => {
  const none = '4401 Open the link that `cr3scope serve` printed.';
  for (const first of [{}, { token: 'wrong' }, { session: 'wrong' }, { token: '' }, 'GET /', '[]', 'x'.repeat(100_000)])
    expect([first, (await greet(server.port, first)).said]).toEqual([first, none]);
  expect((await greet(server.port, Buffer.from([0x80]))).said).toBe('4401 The first message must be text.');
});

test('the link opens one page, whose secret then lets it reload', async () => {
  const token = tokenOf(server.url);
  page = await openPage(server.port, { token });
  expect(page.session).toMatch(/^[\w-]{32}$/);
  expect(page.session).not.toBe(token);
  await page.client.call('target', {});
  expect((await greet(server.port, { token })).said).toMatch(/^4401 This link was already used/);
  expect((await greet(server.port, { session: token })).said).toMatch(/^4401/);
  expect((await greet(server.port, { token: page.session })).said).toMatch(/^4401/);
  const reloaded = await openPage(server.port, { session: page.session });
  await reloaded.client.call('target', {});
  reloaded.ws.close();
  // The link again, in the tab that it had opened.
  const again = await openPage(server.port, { token, session: page.session });
  expect(again.session).toBe(page.session);
  again.ws.close();
});

test('a first message that came in time counts, however late the server reads it', async () => {
  const { pid } = server.child;
  if (!pid) throw new Error('the server has no PID');
  const late = await dial(server.port);
  process.kill(pid, 'SIGSTOP');
  late.send(JSON.stringify({ session: page.session }));
  await new Promise((ok) => setTimeout(ok, FIRST_MESSAGE_MS + 1000));
  process.kill(pid, 'SIGCONT');
  const said = await Promise.race([
    new Promise((ok) => late.once('message', (data) => ok(String(data)))),
    closed(late),
  ]);
  expect(said).toBe(page.session);
  late.close();
});

test('who says nothing is closed after a while; who is beyond a number makes room', async () => {
  const slow = connectTo(server.port, '127.0.0.1');
  slow.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: 127');
  slow.resume();
  const given = new Promise((ok) => slow.once('close', ok));
  const silent = await dial(server.port);
  expect(await closed(silent)).toEqual({ code: 4401, reason: 'No first message came in time.' });
  await given;
  const dialled = await Promise.allSettled(Array.from({ length: 80 }, () => dial(server.port)));
  const many = dialled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(many.length).toBeGreaterThan(0);
  await expect.poll(() => many.filter((ws) => ws.readyState === ws.OPEN).length).toBeLessThanOrEqual(64);
  // Pages that are connected are not affected.
  await page.client.call('target', {});
  await (await openPage(server.port, { session: page.session })).client.call('target', {});
  for (const ws of many) ws.terminate();
});

test('an export is for one GET, under a path that the page did not choose, while the page is there', async () => {
  const one = await openPage(server.port, { session: page.session });
  const exported = async (id: string) => {
    const ended = new Promise<NonNullable<ExportEvent['end']>>((ok) =>
      one.client.on('export', ({ id: of, end }) => of === id && end && ok(end)),
    );
    const pid = process.pid;
    await one.client.call('startExport', {
      id,
      check: '',
      pid,
      startTicks: 0n,
      format: 'cr3scope',
      frames: 'none',
      notes: [],
    });
    const end = await ended;
    if ('error' in end) throw new Error(end.error.message);
    return end;
  };
  const first = await exported('one');
  expect(first.path).toMatch(/^\/export\/[\w-]{32}$/);
  expect((await get(server.port, '/export/one')).status).toBe(404);
  for (const site of ['cross-site', 'same-site'])
    for (const mode of ['navigate', 'no-cors'])
      expect(
        (
          await get(server.port, first.path, {
            'Sec-Fetch-Site': site,
            'Sec-Fetch-Mode': mode,
            'Sec-Fetch-Dest': 'document',
          })
        ).status,
      ).toBeGreaterThanOrEqual(403);
  const { status, headers, body } = await get(server.port, first.path, { 'Sec-Fetch-Site': 'same-origin' });
  expect([status, headers['content-disposition'], body.length]).toEqual([200, 'attachment', first.bytes]);
  expect(body.subarray(0, 8)).toEqual(Buffer.from('cr3scope'));
  expect((await get(server.port, first.path)).status).toBe(404);
  const second = await exported('two');
  expect(second.path).not.toBe(first.path);
  one.ws.close();
  await closed(one.ws);
  await expect.poll(async () => await page.client.call('cancel', { id: 'two' })).toBe(false);
  expect((await get(server.port, second.path)).status).toBe(404);
});

test('pages of a session have nothing of each other: events, jobs, snapshots, labs', async () => {
  const [a, b] = await Promise.all([0, 1].map(() => openPage(server.port, { session: page.session })));
  if (!a || !b) throw new Error('no pages');
  const heard: string[] = [];
  b.ws.on('message', () => heard.push('b'));
  const pid = process.pid;
  const ended = new Promise<void>((ok) => a.client.on('check', ({ end }) => end && ok()));
  await a.client.call('startCheck', { id: 'x', pid, startTicks: 0n, begin: 0n, end: 1n << 63n, bytes: false });
  await ended;
  expect(heard).toEqual([]);
  await expect(b.client.call('checkRows', { id: 'x' })).rejects.toMatchObject({ code: 'ENOENT' });
  await a.client.call('takeSnapshot', { id: 's', pid, startTicks: 0n });
  await expect(b.client.call('compare', { before: 's', after: '' })).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await b.client.call('dropSnapshot', { id: 's' })).toBe(false);
  await a.client.call('startLab', { id: 'l', name: 'cow' });
  await expect(b.client.call('nextLab', { id: 'l' })).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await b.client.call('endLab', { id: 'l' })).toBe(false);
  b.ws.close();
  await closed(b.ws);
  expect(await a.client.call('nextLab', { id: 'l' })).toMatchObject({ step: 2 }); // one page's end is not the other's
  a.ws.close();
});

test('a peer that resets its connection while it is upgraded does not end the server', async () => {
  const { port, child } = server;
  const origin = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 200; i++)
    await new Promise<void>((done) => {
      const socket = connectTo(port, '127.0.0.1', () => {
        const headers = [
          'GET / HTTP/1.1',
          `Host: 127.0.0.1:${port}`,
          `Origin: ${i % 2 ? origin : 'http://evil.example'}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ];
        // Both the answer and the reset are then under way.
        socket.write(`${headers.join('\r\n')}\r\n\r\n`, () => socket.resetAndDestroy());
      });
      socket.on('error', () => undefined);
      socket.on('close', () => done());
    });
  expect((await fetch(origin)).status).toBeLessThan(500);
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
});

test('what a page has started ends with it, and it starts no program', async () => {
  const { ws, client } = await openPage(server.port, { session: page.session });
  const labs = () => spawnSync('pgrep', ['-P', String(server.child.pid), 'labs'], { encoding: 'utf8' }).stdout;
  await expect.poll(labs).toBe('');
  const step = await client.call('startLab', { id: 'x', name: 'cow' });
  expect(labs()).toContain(String(step.pages[0]?.pid));
  const launch = { id: 'y', arguments: ['true'], pid: 0, directory: '', user: '', environment: [], follow: true };
  await expect(client.call('startTrace', launch)).rejects.toMatchObject({ code: 'EPERM' });
  ws.close();
  await expect.poll(labs).toBe('');
});
