// SPDX-License-Identifier: GPL-2.0-only
// A folder for files that are removed when the program ends. If it is killed, the next program removes them, because they may
// hold the memory of processes.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programIdentity } from './proc.ts';
import { Failed } from './sources/failed.ts';

/** The folder's name identifies its program, so that it is removed only if that program has certainly ended. */
function prefix(): string {
  const { boot, namespace, start } = programIdentity();
  return `cr3scope-${boot}-${namespace}-${process.pid}-${start(process.pid)}-`;
}
const NAME = /^cr3scope-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-\w{6}$/;

function isLeftOver(name: string): boolean {
  const [, boot, namespace, pid = '', start] = NAME.exec(name) ?? [];
  if (boot === undefined) return false;
  const here = programIdentity();
  if (boot !== here.boot) return true;
  // A program in another PID namespace is not visible here and may still run.
  return namespace === here.namespace && here.start(Number(pid)) !== start;
}

let swept = false;
/** Removes the folders of this user's programs that have ended; once in each program. */
function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of readdirSync(tmpdir()).filter(isLeftOver)) {
    const folder = join(tmpdir(), name);
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (!stat?.isDirectory() || (process.getuid && stat.uid !== process.getuid())) continue;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another program removes it at this moment, or it cannot be removed: the next program tries again.
    }
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

  /** A free name with this extension. */
  path(extension: string): string {
    if (this.over) throw new Failed('the window is gone', 'Open it again.', 'ECANCELED');
    this.folder ||= mkdtempSync(join(tmpdir(), prefix()));
    return join(this.folder, `${this.next++}${extension}`);
  }

  /** Removes the folder. No file can be created afterwards, so work that ends late leaves nothing. */
  clear(): void {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = '';
    this.over = true;
  }
}
