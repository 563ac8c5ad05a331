// SPDX-License-Identifier: GPL-2.0-only
// A file that a page may download once, by a path that nobody can guess.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, rmSync } from 'node:fs';
import { type Download, EXPORT_PATH } from '../contract/api.ts';
import { newSecret } from './secret.ts';

/** Holds one file at a time: a page downloads each as soon as it is offered. */
export class OneTimeDownload {
  private last: { readonly path: string; readonly file: string } | undefined;

  /** Offers a file, and removes the one that was offered before. */
  async offer(file: string): Promise<Download> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const part of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(part);
      bytes += part.length;
    }
    this.withdraw();
    const path = `${EXPORT_PATH}${newSecret()}`;
    this.last = { path, file };
    return { path, bytes, sha256: hash.digest('hex') };
  }

  /** Opens the file at a URL path, which is then no longer offered; undefined for any other path. The caller closes it. */
  take(path: string): { fd: number; size: number } | undefined {
    if (this.last?.path !== path) return undefined;
    const { file } = this.last;
    this.last = undefined;
    const fd = openSync(file, 'r');
    try {
      rmSync(file);
      return { fd, size: fstatSync(fd).size };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  withdraw(): void {
    if (this.last) rmSync(this.last.file, { force: true });
    this.last = undefined;
  }
}
