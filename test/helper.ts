// SPDX-License-Identifier: GPL-2.0-only
// A helper, and the sources at its other end.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pack, unpack } from '../app/contract/msgpack.ts';
import type { Failed } from '../app/main/sources/failed.ts';
import { Frames, HelperCarrier, streamsOf } from '../app/main/sources/helper.ts';
import { sourcesOf } from '../app/main/sources/sources.ts';

export const HELPER_PATH = resolve('native/build/Release/cr3scope-helper');
export const LAUNCHER_PATH = resolve('native/build/Release/cr3scope-launch');

/** Starts a helper by a command, which keeps its PID: setpriv and env do. */
export function startHelper(command: readonly string[] = [HELPER_PATH]) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const streams = streamsOf(child);
  return { child, streams, pid: child.pid as number };
}

export async function openHelper(command?: readonly string[], onEnd?: (reason: Failed) => void) {
  const started = startHelper(command);
  const carrier = await HelperCarrier.open(started.streams, LAUNCHER_PATH, onEnd);
  return { ...started, carrier, sources: await sourcesOf(carrier) };
}

/** A field of /proc/PID/status, "" where the process is gone. */
export function statusOf(pid: number, field: string): string {
  try {
    return (
      new RegExp(`^${field}:[\\t ]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.trim() ?? ''
    );
  } catch {
    return '';
  }
}

/** A peer of a helper that sends what it likes. `answers` is called with each frame that it reads. */
export function rawPeer(answers: (frame: unknown[]) => void = () => undefined, command?: readonly string[]) {
  const [program = HELPER_PATH, ...args] = command ?? [];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const frames = new Frames((bytes) => answers(unpack(bytes) as unknown[]));
  frames.longest = 2 ** 28;
  child.stdout.on('data', (bytes: Uint8Array) => frames.add(bytes));
  child.stdin.on('error', () => undefined); // the helper has ended
  child.stderr.resume();
  const ended = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  const write = (bytes: Uint8Array) => child.stdin.write(bytes);
  const send = (value: unknown) => write(frameOf(pack(value)));
  return { child, pid: child.pid as number, ended, write, send };
}

/** Bytes with their length before them. */
export function frameOf(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length, true);
  frame.set(bytes, 4);
  return frame;
}
