// The web face on a shared host: who may come in, and who may not.
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { connect as connectTo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { ExportEvent } from '../../app/contract/api.ts';
import { connect } from '../../app/contract/rpc.ts';
import { startServer } from './faces.ts';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => {
  server.child.kill('SIGTERM');
});

function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  return new Promise((ok, no) => {
    const r = request({ host: '127.0.0.1', port: server.port, path, headers }, (response) => {
      let body = '';
      response.on('data', (d) => {
        body += d;
      });
      response.on('end', () => ok({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    r.on('error', no);
    r.end();
  });
}

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

test('only the link gets in, only once, and only by a loopback name', async () => {
  const token = new URL(server.url).search;
  expect((await get('/')).status).toBe(403);
  expect((await get('/?token=wrong')).status).toBe(403);
  expect((await get(`/${token}`, { Host: 'evil.example' })).status).toBe(403);
  expect((await get(`/${token}`, { Host: `localhost.evil.example:${server.port}` })).status).toBe(403);

  const first = await get(`/${token}`);
  expect(first.status).toBe(200);
  expect(first.headers['content-security-policy']).toContain("default-src 'none'");
  expect(first.headers['x-content-type-options']).toBe('nosniff');
  const [cookie] = first.headers['set-cookie'] as string[];
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  const session = { Cookie: (cookie as string).split(';')[0] as string };

  const again = await get(`/${token}`);
  expect(again.status).toBe(403);
  expect(again.body).toContain('used already');
  expect((await get('/', session)).status).toBe(200);
  for (const path of [
    '/../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/nothing.js',
    '/%00.js',
  ])
    expect([path, (await get(path, session)).status]).toEqual([path, 404]);

  const origin = `http://127.0.0.1:${server.port}`;
  expect(await upgrade({ ...session, Origin: origin })).toBe('open');
  expect(await upgrade({ Origin: origin })).toContain('403');
  expect(await upgrade({ ...session, Origin: 'http://evil.example' })).toContain('403');
  expect(await upgrade({ ...session })).toContain('403');
  expect(await upgrade({ ...session, Origin: 'http://evil.example', Host: 'evil.example' })).toContain('403');
});

test('a malformed message gets an answer, and the server lives on', async () => {
  // The session of the test above is not known here; a refused socket is all a stranger gets.
  expect(
    await upgrade({ Origin: `http://127.0.0.1:${server.port}`, Cookie: `cr3scope-${server.port}=${'x'.repeat(32)}` }),
  ).toContain('403');
  expect((await get('/%')).status).toBe(403);
});

/** A page of its own on another server. */
async function openPage() {
  const other = await startServer();
  const response = await fetch(other.url);
  const [cookie = ''] = response.headers.getSetCookie();
  const headers = { Cookie: cookie.split(';')[0] as string, Origin: `http://127.0.0.1:${other.port}` };
  const ws = new WebSocket(`ws://127.0.0.1:${other.port}/`, { headers });
  await new Promise((resolve) => ws.once('open', resolve));
  const client = connect({
    send: (bytes) => ws.send(bytes),
    onMessage: (receive) => ws.on('message', (data) => receive(data as Buffer)),
  });
  return { other, headers, ws, client };
}

test('an export goes to its own page only, as long as it is there', async () => {
  const { other, headers, ws, client } = await openPage();
  try {
    const taken = (id: string, cookie = headers.Cookie) =>
      fetch(`http://127.0.0.1:${other.port}/export/${id}`, { headers: { Cookie: cookie } });
    const ended = new Promise<ExportEvent['end']>((ok) => client.on('export', ({ end }) => end && ok(end)));
    const pid = process.pid;
    await client.call('startExport', { id: 'one', check: '', pid, startTicks: 0n, format: 'cr3scope', frames: 'none' });
    expect(await ended).toEqual({ bytes: expect.any(Number) });
    const response = await taken('one');
    expect([response.status, response.headers.get('content-disposition')]).toEqual([200, 'attachment']);
    expect(Buffer.from(await response.arrayBuffer()).subarray(0, 8)).toEqual(Buffer.from('cr3scope'));
    expect((await taken('two')).status).toBe(404);
    expect((await taken('one', '')).status).toBe(403);
    ws.close();
    await expect.poll(async () => (await taken('one')).status).toBe(404);
  } finally {
    other.child.kill('SIGTERM');
  }
});

test('a peer that resets its connection while it is upgraded does not end the server', async () => {
  const other = await startServer();
  const origin = `http://127.0.0.1:${other.port}`;
  try {
    for (let i = 0; i < 200; i++)
      await new Promise<void>((done) => {
        const socket = connectTo(other.port, '127.0.0.1', () => {
          const headers = [
            'GET / HTTP/1.1',
            `Host: 127.0.0.1:${other.port}`,
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
    expect([other.child.exitCode, other.child.signalCode]).toEqual([null, null]);
  } finally {
    other.child.kill('SIGTERM');
  }
});

test('what a page has started ends with it', async () => {
  const { other, ws, client } = await openPage();
  try {
    const labs = () => spawnSync('pgrep', ['-P', String(other.child.pid), 'labs'], { encoding: 'utf8' }).stdout;
    const step = await client.call('startLab', { id: 'x', name: 'cow' });
    expect(labs()).toContain(String(step.pages[0]?.pid));
    await expect(
      client.call('startTrace', {
        id: 'y',
        arguments: ['true'],
        pid: 0,
        directory: '',
        user: '',
        environment: [],
        follow: true,
      }),
    ).rejects.toMatchObject({ code: 'EPERM' });
    ws.close();
    await expect.poll(labs).toBe('');
  } finally {
    other.child.kill('SIGTERM');
  }
});
