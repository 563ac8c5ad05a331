// SPDX-License-Identifier: GPL-2.0-only
// The contract over any channel of bytes: MessagePack frames, so that bigint and typed arrays survive every transport.
import { z } from 'zod';
import type { Args, Client, Events, Failure, Method, Result } from './api.ts';
import { pack, unpack } from './msgpack.ts';

/** A duplex channel of complete messages. */
export interface Channel {
  send(bytes: Uint8Array): void;
  /** Sets the one receiver. That of the answering end resolves once the answer was sent. */
  onMessage(receive: (bytes: Uint8Array) => unknown): void;
}

const Request = z.object({ id: z.number(), method: z.string(), args: z.unknown() });
const Reply = z.union([
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({ id: z.number(), failure: z.object({ message: z.string(), code: z.string(), remedy: z.string() }) }),
  z.object({ event: z.string(), payload: z.unknown() }),
]);

/** Thrown by Client.call: what the other end said. */
export class CallFailed extends Error implements Failure {
  readonly code: string;
  readonly remedy: string;
  constructor(failure: Failure) {
    super(failure.message);
    this.code = failure.code;
    this.remedy = failure.remedy;
  }
}

/** The calling end. */
export function connect(channel: Channel): Client {
  let next = 1;
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, Set<(payload: never) => void>>();
  channel.onMessage((bytes) => {
    const reply = Reply.parse(unpack(bytes));
    if ('event' in reply) {
      for (const listener of listeners.get(reply.event) ?? []) listener(reply.payload as never);
      return;
    }
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('failure' in reply) call?.reject(new CallFailed(reply.failure));
    else call?.resolve(reply.result as never);
  });
  return {
    call: <M extends Method>(method: M, args: Args<M>) =>
      new Promise<Result<M>>((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        channel.send(pack({ id, method, args }));
      }),
    on: <E extends keyof Events>(event: E, listener: (payload: Events[E]) => void) => {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set);
      set.add(listener as (payload: never) => void);
      return () => set.delete(listener as (payload: never) => void);
    },
  };
}

/** The answering end; `call` rejects with what becomes a Failure by `toFailure`. */
export function answer(
  channel: Channel,
  call: (method: string, args: unknown) => Promise<unknown>,
  toFailure: (error: unknown) => Failure,
): { emit<E extends keyof Events>(event: E, payload: Events[E]): void } {
  channel.onMessage(async (bytes) => {
    let id = 0;
    let reply: Uint8Array;
    try {
      const request = Request.parse(unpack(bytes));
      id = request.id;
      reply = pack({ id, result: await call(request.method, request.args) });
    } catch (error) {
      const { message, code, remedy } = toFailure(error);
      reply = pack({ id, failure: { message, code, remedy } });
    }
    channel.send(reply);
  });
  return { emit: (event, payload) => channel.send(pack({ event, payload })) };
}
