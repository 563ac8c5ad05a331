// A folder of our own for files that live no longer than the program.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Scratch {
  private folder = '';
  private next = 0;

  /** A name that is free, with this ending. */
  path(ending: string): string {
    this.folder ||= mkdtempSync(join(tmpdir(), 'cr3scope-'));
    return join(this.folder, `${this.next++}${ending}`);
  }

  /** Removes all of it. */
  clear(): void {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = '';
  }
}
