// SPDX-License-Identifier: GPL-2.0-only
// The files that a window has saved. Its page may have these shown in their folders, and no others.
import { Failed } from './sources/failed.ts';

export class SavedFiles {
  private readonly paths = new Set<string>();

  constructor(private readonly reveal: (path: string) => void) {}

  add(path: string): void {
    this.paths.add(path);
  }

  show(path: string): void {
    if (!this.paths.has(path)) throw new Failed('this window has not saved that file', 'Export it again.', 'EPERM');
    this.reveal(path);
  }
}
