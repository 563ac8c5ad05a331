// SPDX-License-Identifier: GPL-2.0-only
// Files that are written under a temporary name and get their own name when they are complete.
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

/** An error of the file system, with a remedy. */
export function fileFailed(error: unknown, what: string): Failed {
  if (error instanceof Failed) return error;
  const { code = 'ERROR', message } = error as NodeJS.ErrnoException;
  return new Failed(`${what}: ${message.replace(/^\w+: /, '')}`, REMEDIES[code] ?? 'Choose another place.', code);
}

/** Opens a file by the name that a user gave, to read it. Throws, without waiting, for a FIFO, a device or a folder. */
export function openRegular(path: string): number {
  let fd: number | undefined;
  const refuseOthers = (is: Stats) => {
    if (!is.isFile()) throw new Failed(`${path} is not a regular file`, 'Give the name of a file.');
  };
  try {
    // Checked twice: opening a device may have effects, and the file may be replaced after the first check.
    refuseOthers(statSync(path));
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    refuseOthers(fstatSync(fd));
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw fileFailed(error, `${path} can’t be opened`);
  }
}

/** Errors of file systems without hard links, such as FAT and exFAT. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a new file that root has created to the user who called sudo, if that user could have created it: in their own folder,
 * or in one for everybody. Elsewhere, as in /root or /etc, root keeps it.
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

/** Throws if the name is taken and the file must not be replaced. Only regular files ever are. */
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
  /** The temporary name. */
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

  /** Writes all of it; if that fails, the file is as it was before. */
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
          // The reader will find the incomplete write.
        }
        throw error;
      }
    });
    this.at += bytes.length;
  }

  /** Gives the file its name. */
  finish(): void {
    attempt(this.path, () => {
      fsyncSync(this.fd);
      this.leave();
      if (this.force) return renameSync(this.partial, this.path);
      // Both fail if the name was taken in the meantime.
      try {
        linkSync(this.partial, this.path);
      } catch (error) {
        if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
        return this.rename();
      }
      rmSync(this.partial);
    });
  }

  /** Creates an empty file with the name first, so that no other file is replaced. */
  private rename(): void {
    closeSync(openSync(this.path, 'wx', 0o600));
    try {
      renameSync(this.partial, this.path);
    } catch (error) {
      rmSync(this.path, { force: true });
      throw error;
    }
  }

  /** Leaves what was written so far under the temporary name. */
  leave(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }

  /** Removes the file. */
  discard(): void {
    this.leave();
    rmSync(this.partial, { force: true });
  }
}
