// Files that are written under another name and get their own when all of them is there.
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { Failed } from './sources/failed.ts';

const SPACE = 'Free some space, or choose another place.';
const FOLDER = 'Choose a folder that you can write to.';
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: SPACE,
  EDQUOT: SPACE,
  EACCES: FOLDER,
  EPERM: FOLDER,
  EROFS: FOLDER,
  ENOENT: 'Check the path.',
  EISDIR: 'That is a folder: give the name of a file.',
  EEXIST: 'Add --force to replace it, or choose another name.',
};

/** What the system says of a file, in words. */
export function fileFailed(error: unknown, what: string): Failed {
  if (error instanceof Failed) return error;
  const { code = 'ERROR', message } = error as NodeJS.ErrnoException;
  return new Failed(`${what}: ${message.replace(/^\w+: /, '')}`, REMEDIES[code] ?? 'Choose another place.', code);
}

export class PartialFile {
  /** What it is called until it is finished. */
  readonly partial: string;
  private readonly fd: number;
  private at = 0;
  private open = true;

  /** Throws where a file of that name is in the way and not to be replaced. */
  constructor(
    readonly path: string,
    private readonly force: boolean,
  ) {
    if (!force && statSync(path, { throwIfNoEntry: false }))
      throw new Failed(`${path} exists`, REMEDIES.EEXIST as string, 'EEXIST');
    this.partial = `${path}.${process.pid}.part`;
    this.fd = this.attempt(() => openSync(this.partial, 'wx', 0o600));
  }

  /** Bytes written so far. */
  get size(): number {
    return this.at;
  }

  /** Writes all of it; where that fails, what was there before is what remains. */
  write(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.attempt(() => {
      try {
        for (let done = 0; done < bytes.length; )
          done += writeSync(this.fd, bytes, done, bytes.length - done, this.at + done);
      } catch (error) {
        try {
          ftruncateSync(this.fd, this.at);
        } catch {
          // A half write is the reader's to find.
        }
        throw error;
      }
    });
    this.at += bytes.length;
  }

  /** Gives it its name. */
  finish(): void {
    this.attempt(() => {
      fsyncSync(this.fd);
      this.leave();
      if (this.force) return renameSync(this.partial, this.path);
      linkSync(this.partial, this.path); // fails where somebody took the name meanwhile
      rmSync(this.partial);
    });
  }

  /** Leaves what was written so far under its partial name. */
  leave(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }

  /** Leaves nothing. */
  discard(): void {
    this.leave();
    rmSync(this.partial, { force: true });
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileFailed(error, `${this.path} can’t be written`);
    }
  }
}
