// SPDX-License-Identifier: GPL-2.0-only
// One page of the web face. Its requests in progress and its unsent messages are bounded: a page that asks faster than it
// reads has to wait, and one that does not read at all is disconnected.
import type { WebSocket } from 'ws';
import { isProgress } from '../contract/api.ts';
import { answer } from '../contract/rpc.ts';
import type { Service } from './service/service.ts';
import { Failed } from './sources/failed.ts';

/** Requests in progress at a time. */
const MOST_UNDER_WAY = 16;
/** Unsent bytes beyond which no request is started and no progress is reported. */
const MOST_WAITING = 4 << 20;
/** Unsent bytes beyond which a page is disconnected: events other than progress are never dropped. */
const MOST_UNREAD = 32 << 20;
/** How long a page may leave messages unread, in ms. */
const STALLED = 120_000;

/** Answers the page until it disconnects. */
export function attend(ws: WebSocket, service: Service, stalled = STALLED): void {
  ws.binaryType = 'nodebuffer';
  const waiting: Buffer[] = [];
  let underWay = 0;
  let receive: (bytes: Uint8Array) => unknown = () => undefined;

  function pump(): void {
    while (waiting.length && underWay < MOST_UNDER_WAY && ws.bufferedAmount < MOST_WAITING) {
      underWay++;
      void Promise.resolve(receive(waiting.shift() as Buffer)).finally(() => {
        underWay--;
        pump();
      });
    }
    // Messages that were received before the pause: at most one chunk of the socket.
    if (waiting.length) ws.pause();
    else ws.resume();
  }

  /** When the page last read something. */
  let patience: NodeJS.Timeout | undefined;
  function watch(): void {
    clearTimeout(patience);
    patience = ws.bufferedAmount && ws.readyState === ws.OPEN ? setTimeout(() => ws.terminate(), stalled) : undefined;
  }

  function send(bytes: Uint8Array): void {
    if (ws.readyState !== ws.OPEN) return;
    ws.send(bytes, () => {
      watch();
      if (ws.readyState === ws.OPEN) pump();
    });
    if (!patience) watch();
  }

  const { emit } = answer(
    { send, onMessage: (to) => (receive = to) },
    (method, args) => service.call(method, args),
    Failed.from,
  );
  service.listen((event, payload) => {
    if (ws.bufferedAmount >= MOST_WAITING && isProgress(event, payload)) return;
    emit(event, payload);
    if (ws.bufferedAmount > MOST_UNREAD) ws.terminate();
  });
  ws.on('message', (data, isBinary) => {
    if (!isBinary) return;
    waiting.push(data as Buffer);
    pump();
  });
  ws.once('close', () => {
    clearTimeout(patience);
    waiting.length = 0;
  });
}
