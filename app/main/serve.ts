// The web face: the same user interface over loopback, safe on a shared host. Loopback only, a one-time token in the
// URL, then a session cookie; Host and Origin checked; one origin; strict CSP.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { answer } from '../contract/rpc.ts';
import { exportFile, rendererFile } from './files.ts';
import { CONTENT_SECURITY_POLICY } from './security.ts';
import type { Service } from './service/service.ts';
import { Failed } from './sources/failed.ts';

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** Largest message a browser may send: requests are small. */
const MOST_BYTES = 1 << 20;

/** Any port: an SSH tunnel has its own. Another name would mean DNS rebinding. */
const isLoopbackHost = (host: string | undefined) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host ?? '');

function parseUrl(path: string | undefined): URL | undefined {
  try {
    return new URL(path ?? '/', 'http://localhost');
  } catch {
    return undefined;
  }
}

function equal(given: string | undefined | null, secret: string): boolean {
  const a = Buffer.from(given ?? '');
  const b = Buffer.from(secret);
  return a.length === b.length && timingSafeEqual(a, b);
}

export interface Server {
  /** With the token: good for one browser, once. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the window on 127.0.0.1; port 0 takes a free one. */
export async function serve(service: Service, port: number): Promise<Server> {
  const token = randomBytes(24).toString('base64url');
  const session = randomBytes(24).toString('base64url');
  let tokenUsed = false;
  const cookieName = () => `cr3scope-${(http.address() as AddressInfo).port}`; // cookies ignore ports
  const hasSession = (request: IncomingMessage) =>
    (request.headers.cookie ?? '')
      .split(/;\s*/)
      .some((c) => c.startsWith(`${cookieName()}=`) && equal(c.split('=')[1], session));

  function refuse(response: ServerResponse, status: number, text: string) {
    response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  }

  const http = createServer((request, response) => {
    if (!isLoopbackHost(request.headers.host)) return refuse(response, 403, 'cr3scope answers on localhost only.');
    if (request.method !== 'GET') return refuse(response, 405, 'GET only.');
    const url = parseUrl(request.url);
    if (!url) return refuse(response, 400, 'Bad request.');
    const extra: Record<string, string> = {};
    if (!hasSession(request)) {
      if (tokenUsed || !equal(url.searchParams.get('token'), token))
        return refuse(
          response,
          403,
          tokenUsed
            ? 'This link was used already. It opens one browser; start `cr3scope serve` again for a new one.'
            : 'Open the link that `cr3scope serve` printed: it holds the token.',
        );
      tokenUsed = true;
      extra['Set-Cookie'] = `${cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`;
    }
    const document = exportFile(url.pathname, [service]);
    const file = document ? { ...document, type: 'application/octet-stream' } : rendererFile(url.pathname);
    if (!file) return refuse(response, 404, 'Not found.');
    const download = document ? { 'Content-Disposition': 'attachment', 'Content-Length': document.size } : {};
    response.writeHead(200, { ...HEADERS, ...extra, ...download, 'Content-Type': file.type });
    createReadStream(file.path)
      .on('error', () => response.destroy())
      .pipe(response);
  });

  // Node listens for errors of a socket only until it is upgraded; a peer may reset it at any time.
  http.on('connection', (socket) => socket.on('error', () => socket.destroy()));

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES });
  http.on('upgrade', (request, socket, head) => {
    const { host, origin } = request.headers;
    if (!isLoopbackHost(host) || origin !== `http://${host}` || !hasSession(request)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) =>
      accept(ws, service, () => {
        // What runs was started by a page that is gone: a reload does not know of it.
        if (sockets.clients.size === 0) service.close();
      }),
    );
  });

  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Failed(
              `port ${port} is in use`,
              'Choose another with --port, or leave it out for a free one.',
              'EADDRINUSE',
            )
          : error,
      ),
    );
    http.listen(port, '127.0.0.1', resolve);
  });
  const bound = (http.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}/?token=${token}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        for (const ws of sockets.clients) ws.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

/** Serves a page; `onGone` is called once when it went away. */
function accept(ws: WebSocket, service: Service, onGone: () => void): void {
  ws.binaryType = 'nodebuffer';
  const { emit } = answer(
    {
      send: (bytes) => ws.readyState === ws.OPEN && ws.send(bytes),
      onMessage: (receive) => ws.on('message', (data, isBinary) => isBinary && receive(data as Buffer)),
    },
    (method, args) => service.call(method, args),
    Failed.from,
  );
  const stop = service.listen(emit);
  ws.on('error', stop);
  ws.once('close', () => {
    stop();
    onGone();
  });
}
