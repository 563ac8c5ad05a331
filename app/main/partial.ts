// SPDX-License-Identifier: GPL-2.0-only
// Files that are written under another name and get their own when all of them is there.
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
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

/** Opens a file that somebody named, to read it. Throws, and never waits, where it is a FIFO, a device or a folder. */
export function openRegular(path: string): number {
  let fd: number | undefined;
  const refuseOthers = (is: Stats) => {
    if (!is.isFile()) throw new Failed(`${path} is not a regular file`, 'Give the name of a file.');
  };
  try {
    // Asked twice: opening alone may set a device going, and what was a file may be something else by then.
    refuseOthers(statSync(path));
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    refuseOthers(fstatSync(fd));
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw fileFailed(error, `${path} can’t be opened`);
  }
}

/** Where a file system has no hard links, as FAT and exFAT. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * A new file that root has made for whoever called sudo becomes theirs where they could have made it themselves: in a
 * folder of theirs, or one for everybody. Elsewhere, as in /root or /etc, it stays root's.
 */
function giveToInvoker(fd: number, folder: string): void {
  const [uid, gid] = [process.env.SUDO_UID, process.env.SUDO_GID].map((id) =>
    /^\d{1,10}$/.test(id ?? '') ? Number(id) : 0,
  );
  if (process.getuid?.() !== 0 || !uid || !gid) return;
  try {
    const { uid: owner, mode } = statSync(folder);
    const everybodys = (mode & 0o1002) === 0o1002;
    if (owner === uid || everybodys) fchownSync(fd, uid, gid);
  } catch {
    // A file system without owners, or one that maps root to nobody.
  }
}

/** Throws where a file of that name is in the way and not to be replaced; what is not a file never is. */
export function refuseToReplace(path: string, force: boolean): void {
  const there = attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (there && !there.isFile())
    throw new Failed(`${path} exists and is not a regular file`, 'Choose another name.', 'EEXIST');
  if (there && !force) throw new Failed(`${path} exists`, REMEDIES.EEXIST as string, 'EEXIST');
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileFailed(error, `${path} can’t be written`);
  }
}

export class PartialFile {
  /** What it is called until it is finished. */
  readonly partial: string;
  private readonly fd: number;
  private at = 0;
  private open = true;

  /** Throws as refuseToReplace() does. */
  constructor(
    readonly path: string,
    private readonly force: boolean,
  ) {
    refuseToReplace(path, force);
    this.partial = `${path}.${process.pid}.part`;
    this.fd = attempt(this.path, () => openSync(this.partial, 'wx', 0o600));
    giveToInvoker(this.fd, dirname(path));
  }

  /** Bytes written so far. */
  get size(): number {
    return this.at;
  }

  /** Writes all of it; where that fails, what was there before is what remains. */
  write(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    attempt(this.path, () => {
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
    attempt(this.path, () => {
      fsyncSync(this.fd);
      this.leave();
      if (this.force) return renameSync(this.partial, this.path);
      // Both fail where somebody took the name meanwhile.
      try {
        linkSync(this.partial, this.path);
      } catch (error) {
        if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
        return this.rename();
      }
      rmSync(this.partial);
    });
  }

  /** Takes the name with an empty file, which alone is replaced then. */
  private rename(): void {
    closeSync(openSync(this.path, 'wx', 0o600));
    try {
      renameSync(this.partial, this.path);
    } catch (error) {
      rmSync(this.path, { force: true });
      throw error;
    }
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
}
