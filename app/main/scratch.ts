// SPDX-License-Identifier: GPL-2.0-only
// A folder of our own for files that live no longer than the program. What a program that was killed left there, the next
// one removes: it may hold the memory of processes.
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootId, startOf } from './proc.ts';
import { Failed } from './sources/failed.ts';

/** The folder's name says whose it is, so that it is removed only where its owner is known to have ended. */
const boot = () => bootId().slice(0, 8);
const namespace = () => readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
const prefix = () => `cr3scope-${boot()}-${namespace()}-${process.pid}-${startOf(process.pid)}-`;
const NAME = /^cr3scope-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-\w{6}$/;

function isLeftOver(name: string): boolean {
  const [, bootId, pidNamespace, pid = '', start] = NAME.exec(name) ?? [];
  if (bootId === undefined) return false;
  if (bootId !== boot()) return true;
  // A program in another namespace can't be seen from here: it may still run.
  return pidNamespace === namespace() && String(startOf(Number(pid))) !== start;
}

let swept = false;
/** Removes the folders of programs of this user that have ended; once a program, however many pages it serves. */
function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of readdirSync(tmpdir()).filter(isLeftOver)) {
    const folder = join(tmpdir(), name);
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat?.isDirectory() && stat.uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true });
  }
}

export class Scratch {
  private folder = '';
  private next = 0;
  /** Whether it was cleared. */
  over = false;

  constructor() {
    sweep();
  }

  /** A name that is free, with this ending. */
  path(ending: string): string {
    if (this.over) throw new Failed('the window is gone', 'Open it again.', 'ECANCELED');
    this.folder ||= mkdtempSync(join(tmpdir(), prefix()));
    return join(this.folder, `${this.next++}${ending}`);
  }

  /** Removes all of it, for good: work that ends late leaves nothing. */
  clear(): void {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = '';
    this.over = true;
  }
}
