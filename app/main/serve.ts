// SPDX-License-Identifier: GPL-2.0-only
// The web face: the same user interface, on loopback only and safe on a shared host. Host, Origin and the site of a request
// are checked, and the CSP is strict. The files of the user interface are not secret. Everything else goes through a
// WebSocket, whose first message must contain the token of the link, which works once, or the session's secret.
import { createReadStream } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { REFUSED } from '../contract/greeting.ts';
import { fragmentOf } from '../contract/link.ts';
import { Admission } from './admission.ts';
import { downloadFile, rendererFile } from './files.ts';
import { attend } from './page.ts';
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
/** Connections whose peers have not authenticated yet. */
const MOST_STRANGERS = 64;
/** Pages of the session: a tab, and what was duplicated from it. */
const MOST_PAGES = 16;
/** How long a peer may take for its headers and its first message, and may leave a file unread. */
const TIMEOUT_MS = 10_000;
const IDLE = 60_000;

/** Any port: an SSH tunnel has its own. Another name would mean DNS rebinding. */
const isLoopbackHost = (host: string | undefined) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host ?? '');

/** Whether a page of another origin asks, also one of another port. Browsers say so; what else asks can say anything. */
const isForeign = ({ 'sec-fetch-site': site }: IncomingHttpHeaders) =>
  site !== undefined && site !== 'same-origin' && site !== 'none';

/** Another page may only lead the user here, as a link does. */
const isNavigation = (headers: IncomingHttpHeaders) =>
  headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

function parseUrl(path: string | undefined): URL | undefined {
  try {
    return new URL(path ?? '/', 'http://localhost');
  } catch {
    return undefined;
  }
}

/** Connections of peers that have not authenticated yet. If there are too many, the oldest is closed. */
class Strangers {
  private readonly sockets = new Set<Socket>();

  add(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    const [oldest] = this.sockets;
    if (this.sockets.size > MOST_STRANGERS) oldest?.destroy();
  }

  /** The peer has authenticated. */
  release(socket: Socket): void {
    this.sockets.delete(socket);
    socket.setTimeout(0);
  }
}

export interface Server {
  /** With the token, which works once. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves on 127.0.0.1, each page with a service of its own, on the machine that it asks for ("": the first); port 0 takes a free one. `onUsed` is called once the link was
 * used.
 */
export async function serve(
  openService: (machine: string) => Service | undefined,
  port: number,
  onUsed = () => {},
): Promise<Server> {
  const admission = new Admission(onUsed);
  const strangers = new Strangers();
  const services = new Set<Service>();

  function refuse(response: ServerResponse, status: number, text: string) {
    response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  }

  const limits = {
    headersTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_MS / 4,
    maxHeaderSize: 8192,
  };
  const http = createServer(limits, ({ headers, method, url: path, socket }, response) => {
    if (!isLoopbackHost(headers.host)) return refuse(response, 403, 'cr3scope answers on localhost only.');
    if (isForeign(headers) && !isNavigation(headers))
      return refuse(response, 403, 'cr3scope answers its own pages only.');
    if (method !== 'GET') return refuse(response, 405, 'GET only.');
    const url = parseUrl(path);
    if (!url) return refuse(response, 400, 'Bad request.');
    const document = isForeign(headers) ? undefined : downloadFile(services, url.pathname);
    if (document) {
      strangers.release(socket);
      response.writeHead(200, {
        ...HEADERS,
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': 'attachment',
        'Content-Length': document.size,
      });
      return pipeline(createReadStream('', { fd: document.fd }), response, () => undefined);
    }
    const file = rendererFile(url.pathname);
    if (!file) return refuse(response, 404, 'Not found.');
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type });
    pipeline(createReadStream(file.path), response, () => undefined); // either end may go away
  });
  http.setTimeout(IDLE);
  http.on('connection', (socket) => {
    // Node listens for errors of a socket only until it is upgraded; a peer may reset it at any time.
    socket.on('error', () => socket.destroy());
    strangers.add(socket);
  });

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES });
  http.on('upgrade', (request, socket, head) => {
    const { host, origin } = request.headers;
    if (!isLoopbackHost(host) || origin !== `http://${host}`) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) =>
      greet(ws, (text) => {
        const admitted = admission.admit(text);
        if ('refused' in admitted) return admitted.refused;
        if (services.size >= MOST_PAGES) return `${MOST_PAGES} pages are open already. Close one of them.`;
        const service = openService(admitted.machine);
        if (!service)
          return `There is no connection to ${admitted.machine} any more. Open the link of this machine, and connect again.`;
        strangers.release(request.socket);
        ws.send(admitted.session);
        services.add(service);
        ws.once('close', () => {
          services.delete(service);
          service.close();
        });
        attend(ws, service);
        return '';
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
  http.on('error', () => undefined); // a connection that could not be accepted; the others continue
  const bound = (http.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}/#${fragmentOf({ token: admission.token })}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        for (const ws of sockets.clients) ws.terminate();
        for (const service of services) service.close();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

/** Passes the first message of a peer to `admit`. If that returns text, the connection is closed with it as the reason. */
function greet(ws: WebSocket, admit: (text: string) => string): void {
  ws.on('error', () => ws.terminate());
  let heard = false;
  const refuse = () => !heard && ws.close(REFUSED, 'No first message came in time.');
  // This process may have been busy all the time: what came meanwhile is read before an immediate runs.
  const timer = setTimeout(() => setImmediate(refuse), TIMEOUT_MS);
  ws.once('close', () => clearTimeout(timer));
  ws.once('message', (data, isBinary) => {
    heard = true;
    clearTimeout(timer);
    const refused = isBinary ? 'The first message must be text.' : admit(String(data));
    if (refused) ws.close(REFUSED, refused);
  });
}
