// SPDX-License-Identifier: GPL-2.0-only
// The file of a capture: a chain of chunks. The hash of each covers everything before it. If the writer crashes, the file is
// a capture up to its last complete chunk. docs/capture.md describes the format.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { pack, unpackCounted } from '../../contract/msgpack.ts';
import { openRegular, PartialFile } from '../partial.ts';
import { Failed } from '../sources/failed.ts';
import { Budget } from './budget.ts';
import { Chunk, knownChunk } from './chunks.ts';

export const EXTENSION = '.cr3scope';
const MAGIC = Buffer.from('cr3scope');
/** The code of a failure to open a file that is something else. */
export const NO_CAPTURE = 'EFTYPE';
/** cr3scope 0.3 wrote version 1, in which no chunk continues another one. */
const VERSIONS = [1, 2];
const VERSION = 2;
/** MAGIC, version, 0. */
const FILE_HEADER = 16;
/** Length as stored, length as inflated (equal: stored as it is), SHA-256 of the chain so far. */
const CHUNK_HEADER = 40;
const MOST_CHUNK = 1 << 26;
/** Shorter chunks are not deflated: it is not worth the work. */
const LEAST_DEFLATED = 256;

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, MAGIC.length);
  return header;
}

/** The file claims so much that reading it would take all memory, or hours. */
export const TOO_MUCH = 'holds more than its size justifies';
const CHANGED = [
  'It was changed after it was written: do not trust it. What comes before that byte is as it was written.',
  'EBADMSG',
] as const;
const REMEDIES: Readonly<Record<string, readonly [remedy: string, code: string]>> = {
  'ends early': ['Its writer was stopped, or the disk was full: what it holds is as it was written.', 'ENODATA'],
  [TOO_MUCH]: [
    'No process can be like that: do not trust it. If cr3scope wrote it, report that as a bug. What comes before that byte is shown.',
    'E2BIG',
  ],
};

/** Writes a capture under a temporary name. finish() gives it its name. */
export class CaptureWriter {
  private readonly file: PartialFile;
  private chain: Buffer;

  constructor(path: string, force: boolean) {
    this.file = new PartialFile(path, force);
    const header = fileHeader();
    this.chain = sha256(header);
    this.file.write(header);
  }

  get path(): string {
    return this.file.path;
  }
  /** What it is called until it is finished. */
  get partial(): string {
    return this.file.partial;
  }

  append(chunk: Chunk): void {
    // Don't write what a reader would refuse.
    const { error } = Chunk.safeParse(chunk);
    if (error) {
      const { path, message } = error.issues[0] ?? { path: [], message: '' };
      const what = [chunk.kind, ...path].join('.');
      throw new Failed(`a capture can’t hold this: ${what}: ${message}`, 'Report this as a bug.', 'EOVERFLOW');
    }
    const raw = pack(chunk);
    if (raw.length > MOST_CHUNK)
      throw new Failed(
        `a capture can’t hold this: ${chunk.kind}: ${raw.length} bytes, of at most ${MOST_CHUNK}`,
        'Report this as a bug.',
        'EOVERFLOW',
      );
    // Pages are deflated already.
    const deflated = chunk.kind !== 'pages' && raw.length >= LEAST_DEFLATED ? deflateSync(raw, { level: 1 }) : raw;
    const stored = deflated.length < raw.length ? deflated : raw;
    const header = Buffer.alloc(CHUNK_HEADER);
    header.writeUInt32LE(stored.length, 0);
    header.writeUInt32LE(raw.length, 4);
    const chain = sha256(this.chain, header.subarray(0, 8), stored);
    chain.copy(header, 8);
    this.file.write(Buffer.concat([header, stored]));
    this.chain = chain;
  }

  /** Gives the file its name; the digest is that of all its content. */
  finish(): { digest: string; size: number } {
    this.file.finish();
    return { digest: this.chain.toString('hex'), size: this.file.size };
  }

  /** Leaves what was written so far under its partial name. */
  leave(): void {
    this.file.leave();
  }

  /** Leaves nothing. */
  discard(): void {
    this.file.discard();
  }
}

/** The offset of a chunk, and the hash of everything before it, to check it again. */
export interface ChunkPlace {
  readonly at: number;
  readonly chain: Uint8Array;
}

/** Closes the files of captures that are no longer used. */
const forgotten = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** Inflated bytes of chunks that are kept after they were read again. */
const MOST_RECENT = 1 << 28;

/** Reads a capture chunk by chunk, and checks the hash of each. */
export class CaptureReader {
  private readonly fd: number;
  private readonly size: number;
  private open = true;
  private readonly recent = new Map<number, { chunk: Chunk; length: number }>();
  private recentBytes = 0;
  /** The memory and work that the file may cost. */
  readonly budget: Budget;
  /** The chunk that was read last: its place, its inflated bytes, and how many values it has. */
  last: { readonly place: ChunkPlace; readonly length: number; readonly values: number } | undefined;
  private at = FILE_HEADER;
  private chain: Buffer;
  private ended = false;
  /** Why no more can be read; undefined if nothing is wrong. What was read before is as it was written. */
  problem: Failed | undefined;

  constructor(readonly path: string) {
    this.fd = openRegular(path);
    try {
      this.size = fstatSync(this.fd).size;
      this.budget = new Budget(this.size);
      const header = this.bytes(0, FILE_HEADER);
      if (!header?.subarray(0, MAGIC.length).equals(MAGIC))
        throw new Failed(`${path} is not a cr3scope capture`, 'Give a file that `cr3scope report` wrote.', NO_CAPTURE);
      const version = header.readUInt32LE(MAGIC.length);
      if (!VERSIONS.includes(version))
        throw new Failed(
          `${path} is a capture of version ${version}; this cr3scope reads versions ${VERSIONS.join(' and ')}`,
          'Open it with a newer cr3scope.',
          'EPROTO',
        );
      this.chain = sha256(header);
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
    forgotten.register(this, this.fd, this);
  }

  /** Whether the last chunk was read, so that nothing is missing. */
  get complete(): boolean {
    return this.ended;
  }
  /** SHA-256 of all that was read so far. */
  get digest(): string {
    return this.chain.toString('hex');
  }
  get bytesRead(): number {
    return this.at;
  }

  /** The next chunk; undefined at the end or after a problem. */
  next(): Chunk | undefined {
    if (this.problem || this.ended) return undefined;
    const place = { at: this.at, chain: this.chain };
    const read = this.read(place, (bytes) => this.budget.inflate(bytes));
    if (typeof read === 'string') return this.stop(read);
    const { chunk, stored, length, values, chain } = read;
    if ((chunk.kind === 'begin') !== (this.at === FILE_HEADER)) return this.stop('is malformed');
    this.chain = chain;
    this.at += CHUNK_HEADER + stored;
    this.last = { place, length, values };
    if (chunk.kind === 'end') {
      this.ended = true;
      if (this.at !== this.size) return this.stop('continues after its end');
    }
    return chunk;
  }

  /** Reads a chunk again. */
  again(place: ChunkPlace): Chunk {
    const known = this.recent.get(place.at);
    if (known) return known.chunk;
    const read = this.open ? this.read(place) : 'was closed';
    if (typeof read === 'string')
      throw new Failed(
        `${this.path} ${read}, at byte ${place.at}: it was changed after it was opened`,
        'Open it again.',
        'EBADMSG',
      );
    const { chunk, length } = read;
    this.recentBytes += length;
    for (const [at, old] of this.recent) {
      if (this.recentBytes <= MOST_RECENT) break;
      this.recent.delete(at);
      this.recentBytes -= old.length;
    }
    this.recent.set(place.at, { chunk, length });
    return chunk;
  }

  /** Stops reading: the last chunk is malformed, or costs more than the size of the file justifies. */
  refuse(what: 'is malformed' | typeof TOO_MUCH): void {
    this.stop(what, this.last?.place.at);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    forgotten.unregister(this);
    closeSync(this.fd);
  }

  /** The chunk at a place, or what is wrong with it. */
  private read({ at, chain: before }: ChunkPlace, mayInflate: (bytes: number) => boolean = () => true) {
    const header = this.bytes(at, CHUNK_HEADER);
    if (!header) return 'ends early';
    const stored = header.readUInt32LE(0);
    const length = header.readUInt32LE(4);
    if (stored > MOST_CHUNK || length > MOST_CHUNK || stored > length) return 'is damaged';
    const payload = this.bytes(at + CHUNK_HEADER, stored);
    if (!payload) return 'ends early';
    const chain = sha256(before, header.subarray(0, 8), payload);
    if (!chain.equals(header.subarray(8))) return 'is damaged';
    try {
      if (stored !== length && !mayInflate(length)) return TOO_MUCH;
      const raw = stored === length ? payload : inflateSync(payload, { maxOutputLength: length });
      if (raw.length !== length) return 'is malformed';
      // From a Node Buffer every array of the chunk would become a Buffer, too.
      const { value, values } = unpackCounted(new Uint8Array(raw.buffer, raw.byteOffset, raw.length));
      const chunk = Chunk.parse(knownChunk(value));
      // Pages are deflated already. Only a file that wants to cost much would deflate them again.
      if (chunk.kind === 'pages' && stored !== length) return 'is malformed';
      return { chunk, stored, length, values, chain };
    } catch {
      return 'is malformed';
    }
  }

  private stop(what: string, at = this.at): undefined {
    const [remedy, code] = REMEDIES[what] ?? CHANGED;
    this.problem = new Failed(`${this.path} ${what}, at byte ${at} of ${this.size}`, remedy, code);
    return undefined;
  }

  private bytes(at: number, length: number): Buffer | undefined {
    if (at + length > this.size) return undefined;
    const buffer = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const n = readSync(this.fd, buffer, done, length - done, at + done);
      if (n === 0) return undefined; // the file was truncated in the meantime
      done += n;
    }
    return buffer;
  }
}
