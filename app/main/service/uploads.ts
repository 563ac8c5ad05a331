// SPDX-License-Identifier: GPL-2.0-only
// Captures that a page sends, chunk by chunk, because it has no path for them. They are kept until the page is closed.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { fileFailed } from '../partial.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';

/** Bytes that one page may keep here. */
const MOST_BYTES = 2 * 2 ** 30;

export class Uploads {
  private readonly scratch = new Scratch();
  private readonly whole = new Set<string>();
  private under: { readonly id: string; readonly path: string; readonly fd: number } | undefined;
  private kept = 0;

  /** Adds a chunk to a file, of which there is one at a time; the path once the last one came, "" before. */
  add(id: string, name: string, bytes: Uint8Array, last: boolean): string {
    if (this.kept + bytes.length > MOST_BYTES) {
      this.drop();
      throw new Failed('the files are too large to be sent', 'Give the path of the capture on that machine.', 'EFBIG');
    }
    if (this.under?.id !== id) this.begin(id, name);
    const { path, fd } = this.under as NonNullable<typeof this.under>;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    } catch (error) {
      this.drop();
      throw fileFailed(error, 'the file can’t be kept');
    }
    this.kept += bytes.length;
    if (!last) return '';
    closeSync(fd);
    this.under = undefined;
    this.whole.add(path);
    return path;
  }

  /** Whether a path is that of a file that was sent. */
  has(path: string): boolean {
    return this.whole.has(path);
  }

  clear(): void {
    this.drop();
    this.scratch.clear();
  }

  private begin(id: string, name: string): void {
    this.drop();
    // The name is a stranger's: what is kept of it can't lead out of the folder.
    const path = this.scratch.path(`-${name.replace(/[^\w.-]+/g, '_').slice(-100)}`);
    this.under = { id, path, fd: openSync(path, 'wx', 0o600) };
  }

  /** Forgets the file that did not come as a whole. */
  private drop(): void {
    if (!this.under) return;
    closeSync(this.under.fd);
    rmSync(this.under.path, { force: true });
    this.under = undefined;
  }
}
