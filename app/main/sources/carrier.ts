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

/** A virtual machine that runs here. */
export interface VmMemory {
  /** Of its QEMU. */
  readonly pid: number;
  /** It does not run while it is read. */
  readonly frozen: boolean;
  /** Of each part of its memory the file that holds it, "" for the memory of QEMU. */
  readonly paths: readonly string[];
  /** Of each part: physical address, bytes, and offset in the file or address in the memory of QEMU. */
  readonly parts: BigUint64Array;
  /** CR0, CR3, CR4 and EFER of each CPU. */
  readonly registers: BigUint64Array;
}

/** A memory image, in a file, or the memory of a virtual machine. */
export interface ImageFile {
  readonly path: string;
  /** Instead of the file. */
  readonly vm?: VmMemory;
  /** The root of an address space, by physical address; 0n if none is named. */
  readonly root: bigint;
  /** Also take pages that look like roots. */
  readonly guessRoots?: boolean;
  /** Of page tables: 4 or 5; 0 as found, else 4. */
  readonly levels: number;
  /** Of a raw file: physical address, bytes and offset of each range. If empty, offsets are physical addresses. */
  readonly ranges: BigUint64Array;
  /** A file that keeps where scans of this image found things. */
  readonly places?: string;
}

/** A session in this process, with its rights, through the addon at `path`: on this machine, or on an image. */
export function addonCarrier(path: string, image?: ImageFile): Carrier {
  const addon = createRequire(path)(path) as { Session: new (image?: ImageFile) => Carrier };
  return new addon.Session(image);
}
