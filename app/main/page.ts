// SPDX-License-Identifier: GPL-2.0-only
// One page of the web face. What is under way for it, and what waits to be sent, has a bound: a page that asks faster than
// it reads has to wait, and one that does not read at all is ended.
import type { WebSocket } from 'ws';
import { isProgress } from '../contract/api.ts';
import { answer } from '../contract/rpc.ts';
import type { Service } from './service/service.ts';
import { Failed } from './sources/failed.ts';

/** Requests that are worked on at a time. */
const MOST_UNDER_WAY = 16;
/** Bytes that wait to be sent: beyond so many no request is begun, and no progress is told. */
const MOST_WAITING = 4 << 20;
/** Events that say more than progress are never dropped: a page that lets so many bytes of them wait is ended. */
const MOST_UNREAD = 32 << 20;
/** How long what is sent may go without being read, in ms. */
const STALLED = 120_000;

/** Answers the page until it goes away. */
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
    // What was read before the pause is whole already: at most one chunk of the socket.
    if (waiting.length) ws.pause();
    else ws.resume();
  }

  /** Since when the page has read nothing of what waits. */
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
