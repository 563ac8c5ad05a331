// SPDX-License-Identifier: GPL-2.0-only
// A folder of our own for files that live no longer than the program.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failed } from './sources/failed.ts';

export class Scratch {
  private folder = '';
  private next = 0;
  /** Whether it was cleared. */
  over = false;

  /** A name that is free, with this ending. */
  path(ending: string): string {
    if (this.over) throw new Failed('the window is gone', 'Open it again.', 'ECANCELED');
    this.folder ||= mkdtempSync(join(tmpdir(), 'cr3scope-'));
    return join(this.folder, `${this.next++}${ending}`);
  }

  /** Removes all of it, for good: work that ends late leaves nothing. */
  clear(): void {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = '';
    this.over = true;
  }
}
