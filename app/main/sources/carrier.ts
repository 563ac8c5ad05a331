// SPDX-License-Identifier: GPL-2.0-only
// What carries calls to a session of native/calls: the addon in this process, or a helper at the other end of a pipe.
import { createRequire } from 'node:module';
import type { Launch, TraceBatch } from './session.ts';

/** A long call that runs. It rejects with an Error of code ECANCELED once it was cancelled. */
export interface Running<T> {
  readonly promise: Promise<T>;
  cancel(): void;
  /** Asks for one more batch now, where the call has a use for that. */
  ask(): void;
}

/** Rejections are Errors with code ("ESRCH") and remedy. Arguments are those that native/calls/calls.cc names. */
export interface Carrier {
  call(name: string, args: unknown[]): Promise<unknown>;
  start(name: string, args: unknown[], onBatch: (batch: unknown) => void): Running<unknown>;
  /** Starts a program and traces it. */
  launch(launch: Launch, follow: boolean, onBatch: (batch: TraceBatch) => void): Running<unknown>;
}

/** A session in this process, with its rights, through the addon at `path`. */
export function addonCarrier(path: string): Carrier {
  const addon = createRequire(path)(path) as { Session: new () => Carrier };
  return new addon.Session();
}
