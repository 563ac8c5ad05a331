// SPDX-License-Identifier: GPL-2.0-only
// The web face without a browser: what a page sends, and what a stranger would send.
import { request } from 'node:http';
import WebSocket from 'ws';
import type { Client } from '../../app/contract/api.ts';
import { parseFragment } from '../../app/contract/link.ts';
import { connect } from '../../app/contract/rpc.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((ok, no) => {
    const r = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', no);
      response.on('end', () =>
        ok({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    r.on('error', no);
    r.end();
  });
}

export const tokenOf = (url: string): string => parseFragment(new URL(url).hash).token ?? '';

/** An open socket with the right Origin, that has said nothing yet. */
export async function dial(port: number, headers: Record<string, string> = {}): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { Origin: `http://127.0.0.1:${port}`, ...headers } });
  await new Promise((ok, no) => ws.once('open', ok).once('error', no));
  return ws;
}

export const closed = (ws: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((ok) => ws.once('close', (code, reason) => ok({ code, reason: String(reason) })));

/** Says something first; resolves to what the server answers, or to why it closes. */
export async function greet(port: number, first: unknown): Promise<{ ws: WebSocket; said: string }> {
  const ws = await dial(port);
  ws.send(typeof first === 'string' || first instanceof Uint8Array ? first : JSON.stringify(first));
  const said = await new Promise<string>((ok) => {
    ws.once('message', (data) => ok(String(data)));
    ws.once('close', (code, reason) => ok(`${code} ${reason}`));
  });
  return { ws, said };
}

export interface WebPage {
  ws: WebSocket;
  session: string;
  client: Client;
}

/** A page that shows a token, or the session's secret. */
export async function openPage(port: number, greeting: { token?: string; session?: string }): Promise<WebPage> {
  const { ws, said } = await greet(port, greeting);
  if (ws.readyState !== ws.OPEN) throw new Error(said);
  const client = connect({
    send: (bytes) => ws.send(bytes),
    onMessage: (receive) => ws.on('message', (data) => receive(data as Buffer)),
  });
  return { ws, session: said, client };
}
