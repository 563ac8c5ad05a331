// SPDX-License-Identifier: GPL-2.0-only
// A helper, and the sources at its other end.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Failed } from '../app/main/sources/failed.ts';
import { HelperCarrier, streamsOf } from '../app/main/sources/helper.ts';
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
