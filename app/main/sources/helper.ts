// SPDX-License-Identifier: GPL-2.0-only
// A session in a helper, which runs with privileges of its own on this machine or on another one. docs/helper.md describes
// what goes over its standard input and output.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { resolve as resolvePath } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { Malformed, pack, unpack } from '../../contract/msgpack.ts';
import { VERSION } from '../version.ts';
import type { Carrier, Running } from './carrier.ts';
import { Failed } from './failed.ts';
import { ANSWERS, BATCHES, type Launch, Refusal, type TraceBatch } from './session.ts';

const PROTOCOL = 1;
const HEAD_BYTES = 4;
/** The greeting comes first. What is longer is something else, such as the words of a login script. */
const LONGEST_GREETING = 256;
/** No answer is longer. The longest are 16 MiB of frames, and checks come in batches. */
const LONGEST = 256 << 20;

/** The streams of a helper. */
export interface HelperStreams {
  readonly input: Writable;
  readonly output: Readable;
  /** What it printed besides, for the reason of a failure. */
  readonly complaints: () => string;
  /** Resolves once it has ended, with how. */
  readonly ended: Promise<string>;
  readonly end: () => void;
  /** Ends what may not have read its input yet. */
  readonly kill?: () => void;
  /** What a failure of the helper means where it runs. */
  readonly explain?: (reason: Failed, greeted: boolean) => Failed;
  /** Whether they keep this process alive. */
  readonly ref: () => void;
  readonly unref: () => void;
}

const Greeting = z.tuple([z.literal('cr3scope-helper'), z.number(), z.string()]);
const Answer = z.tuple([z.enum(['answer', 'batch', 'failure']), z.number(), z.unknown()]);

interface Pending {
  readonly name: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
  onBatch?: (batch: unknown) => void;
}

/**
 * Frames out of a stream of bytes: four bytes of length, lowest first, then the value. Each gets memory of its own, which
 * the columns of its value share.
 */
export class Frames {
  private part = new Uint8Array(HEAD_BYTES);
  private filled = 0;
  private inHead = true;
  longest = LONGEST_GREETING;

  constructor(private readonly onFrame: (bytes: Uint8Array) => void) {}

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.part.length - this.filled);
      this.part.set(piece, this.filled);
      this.filled += piece.length;
      at += piece.length;
      if (this.filled === this.part.length) this.complete();
    }
  }

  private complete(): void {
    const { part, inHead } = this;
    const length = inHead ? new DataView(part.buffer).getUint32(0, true) : HEAD_BYTES;
    if (length === 0 || length > this.longest) throw new Malformed('a frame of the helper has no sound length');
    this.part = new Uint8Array(length);
    this.filled = 0;
    this.inHead = !inHead;
    if (!inHead) this.onFrame(part);
  }
}

export class HelperCarrier implements Carrier {
  private readonly frames = new Frames((bytes) => {
    if (this.over) return;
    if (this.isGreeted) this.take(unpack(bytes));
    else this.greet(unpack(bytes));
  });
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private over: Failed | undefined;
  private readonly greeting: Promise<void>;
  private isGreeted = false;
  private greeted: () => void = () => undefined;
  private refused: (error: Failed) => void = () => undefined;

  /** `launcher` is the program of native/helper/launcher.cc; without it no program can be started. */
  private constructor(
    private readonly streams: HelperStreams,
    private readonly launcher: string | undefined,
    private readonly onEnd: (reason: Failed) => void,
  ) {
    this.greeting = new Promise((resolve, reject) => {
      this.greeted = resolve;
      this.refused = reject;
    });
    streams.output.on('data', (bytes: Uint8Array) => {
      if (this.over) return;
      try {
        this.frames.add(bytes);
      } catch (error) {
        this.end(this.notUnderstood(error));
      }
    });
    streams.input.on('error', () => undefined); // its end is noticed by the output
    void streams.ended.then((how) => {
      const what = `the helper ${this.isGreeted ? 'has ended' : 'did not start'}`;
      this.end(new Failed(`${what}: ${streams.complaints().trim() || how}`, 'Start it again.', 'EPIPE'));
    });
  }

  /** Resolves once the helper has greeted. `onEnd` is called when it has ended, except by close(). */
  static async open(streams: HelperStreams, launcher?: string, onEnd: (reason: Failed) => void = () => undefined) {
    const carrier = new HelperCarrier(streams, launcher, onEnd);
    await carrier.greeting;
    streams.unref();
    return carrier;
  }

  call(name: string, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.send('call', args, { name, resolve, reject }));
  }

  start(name: string, args: unknown[], onBatch: (batch: unknown) => void): Running<unknown> {
    let id = 0;
    const cancel = () => this.write(['cancel', id]);
    const promise = new Promise<unknown>((resolve, reject) => {
      const take = (batch: unknown) => {
        try {
          onBatch(batch);
        } catch (error) {
          // Without its listener the work has no use.
          cancel();
          reject(error as Error);
        }
      };
      id = this.send('start', args, { name, resolve, reject, onBatch: take });
    });
    return { promise, cancel, ask: () => this.write(['ask', id]) };
  }

  launch(launch: Launch, follow: boolean, onBatch: (batch: TraceBatch) => void): Running<unknown> {
    let running: Running<unknown> | undefined;
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
      running?.cancel();
    };
    const run = async () => {
      const child = this.spawnWaiting(launch);
      running = this.start('traceLaunched', [child.pid, follow], (batch) => {
        const { events } = batch as TraceBatch;
        const [start] = events.filter(({ kind }) => kind === 0);
        if (start) start.name = launch.arguments[0] as string;
        onBatch({ events });
        if (start && !cancelled) child.go();
      });
      if (cancelled) running.cancel();
      const outcome = await running.promise.then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      child.forget();
      // Why it could not be executed says more than that it could not be traced.
      const reason = (await child.failure) ?? outcome;
      if (reason) throw reason;
    };
    return { promise: run(), cancel, ask: () => undefined };
  }

  /** Ends the helper. */
  close(): void {
    this.end(new Failed('the helper was ended', 'Start it again.', 'ECANCELED'), false);
  }

  private spawnWaiting(launch: Launch) {
    if (!this.launcher)
      throw new Failed(
        'programs can be started only on the machine that cr3scope runs on',
        'Start it over there in a terminal, and attach to it.',
        'ENOTSUP',
      );
    if (launch.user)
      throw new Failed(
        `a program can be started as ${launch.user} only by root`,
        'Use `sudo cr3scope trace --user`.',
        'EPERM',
      );
    const standard = launch.quiet ? 'ignore' : 'inherit';
    const child = spawn(resolvePath(this.launcher), launch.arguments, {
      cwd: launch.directory || undefined,
      env: Object.fromEntries(
        launch.environment.map((entry) => {
          const at = entry.indexOf('=');
          return [entry.slice(0, at), entry.slice(at + 1)];
        }),
      ),
      stdio: [standard, standard, standard, 'pipe', 'pipe'],
    });
    child.on('error', () => undefined); // told by the missing PID
    if (!child.pid)
      throw new Failed(
        `${this.launcher} could not be started${launch.directory ? ` in ${launch.directory}` : ''}`,
        'Check the directory, or install cr3scope again.',
        'ENOENT',
      );
    const go = child.stdio[3] as Writable;
    const complaint = child.stdio[4] as Readable;
    go.on('error', () => undefined); // it has ended
    const bytes: Uint8Array[] = [];
    complaint.on('data', (part: Uint8Array) => bytes.push(part));
    return {
      pid: child.pid,
      go: () => void go.end(Buffer.alloc(1)),
      /** If it still waits, it ends. */
      forget: () => void go.end(),
      failure: once(complaint, 'close').then(() =>
        bytes.length ? Failed.of(Refusal.parse(unpack(Buffer.concat(bytes)))) : undefined,
      ),
    };
  }

  private send(kind: 'call' | 'start', args: unknown[], pending: Pending): number {
    const id = ++this.lastId;
    if (this.over) pending.reject(this.over);
    else {
      this.streams.ref();
      this.pending.set(id, pending);
      this.write([kind, id, pending.name, args]);
    }
    return id;
  }

  private write(request: unknown[]): void {
    if (this.over) return;
    const value = pack(request);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(value.length);
    this.streams.input.write(Buffer.concat([head, value]));
  }

  /** Throws where it is not an answer to what was asked: nothing that follows can be trusted. */
  private take(frame: unknown): void {
    const [kind, id, value] = Answer.parse(frame);
    const pending = this.pending.get(id);
    if (!pending) throw new Malformed('it answered what was not asked');
    const { name, resolve, reject, onBatch } = pending;
    if (kind === 'batch') {
      if (!onBatch) throw new Malformed(`it answered ${name} in parts`);
      BATCHES[name]?.parse(value);
      onBatch(value);
      return;
    }
    if (kind === 'answer') ANSWERS[name]?.parse(value);
    const refusal = kind === 'failure' && Refusal.parse(value);
    this.pending.delete(id);
    if (this.pending.size === 0) this.streams.unref();
    if (refusal) reject(Failed.of(refusal));
    else resolve(value);
  }

  private greet(frame: unknown): void {
    const [, protocol, version] = Greeting.parse(frame);
    // Answers are not described in the protocol: only the same version is known to mean the same by them.
    if (protocol !== PROTOCOL || version !== VERSION) {
      const what = `the helper is of version ${version}, and this cr3scope is of version ${VERSION}`;
      this.end(new Failed(what, 'Install the same version of cr3scope on both sides.', 'EPROTO'));
      return;
    }
    this.isGreeted = true;
    this.frames.longest = LONGEST;
    this.greeted();
  }

  private notUnderstood(error: unknown): Failed {
    const said = this.streams.complaints().trim() || Failed.from(error).message;
    return new Failed(
      `the helper did not answer as one: ${said}`,
      this.isGreeted
        ? 'Install the same version of cr3scope on both sides.'
        : 'Check that nothing else prints on its standard output, such as a login script.',
      'EPROTO',
    );
  }

  private end(why: Failed, tell = true): void {
    if (this.over) return;
    const reason = this.streams.explain?.(why, this.isGreeted) ?? why;
    this.over = reason;
    this.streams.end();
    this.streams.unref();
    this.refused(reason);
    this.greeting.catch(() => undefined);
    for (const pending of this.pending.values()) pending.reject(reason);
    this.pending.clear();
    if (tell) this.onEnd(reason);
  }
}

/** What of a helper's complaints is kept. */
const MOST_COMPLAINTS = 4000;

/** Starts a helper by a command: the helper itself, or what starts it with privileges, here or on another machine. */
export const spawnHelper = ([program = '', ...args]: readonly string[]): HelperStreams =>
  streamsOf(spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] }));

/** The streams of a helper that was just started. */
export function streamsOf(child: ChildProcessByStdio<Writable, Readable, Readable>): HelperStreams {
  const all = [child, child.stdin as Socket, child.stdout as Socket, child.stderr as Socket];
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-MOST_COMPLAINTS);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return {
    input: child.stdin,
    output: child.stdout,
    complaints: () => complaints,
    ended,
    // A helper that writes on finds nobody who reads.
    end: () => {
      child.stdin.end();
      child.stdout.destroy();
    },
    kill: () => void child.kill(),
    ref: () => all.forEach((handle) => void handle.ref()),
    unref: () => all.forEach((handle) => void handle.unref()),
  };
}
