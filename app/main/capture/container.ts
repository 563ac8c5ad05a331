// The file of a capture: chunks, one after the other, each of which vouches for all before it. What a crash leaves is a
// capture up to its last whole chunk. docs/capture.md is the published description.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { pack, unpack } from '../../contract/msgpack.ts';
import { openRegular, PartialFile } from '../partial.ts';
import { Failed } from '../sources/failed.ts';
import { Chunk } from './chunks.ts';

export const ENDING = '.cr3scope';
const MAGIC = Buffer.from('cr3scope');
const VERSION = 1;
/** MAGIC, version, 0. */
const FILE_HEADER = 16;
/** Length as stored, length as inflated (equal: stored as it is), SHA-256 of the chain so far. */
const CHUNK_HEADER = 40;
const MOST_CHUNK = 1 << 26;
/** What is hardly worth the work is stored as it is. */
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

/** Writes a capture under another name, which gets its own when all of it is there. */
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
    const raw = pack(chunk);
    if (raw.length > MOST_CHUNK) throw new Failed(`a chunk of ${raw.length} bytes`, 'Report this as a bug.', 'E2BIG');
    // Pages come deflated already.
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

/** Reads a capture chunk by chunk, each proven to be as it was written. */
export class CaptureReader {
  private readonly fd: number;
  private readonly size: number;
  private at = FILE_HEADER;
  private chain: Buffer;
  private ended = false;
  /** Why no more can be read; undefined while all is well. What was read before it is as it was written. */
  problem: Failed | undefined;

  constructor(readonly path: string) {
    this.fd = openRegular(path);
    try {
      this.size = fstatSync(this.fd).size;
      const header = this.bytes(0, FILE_HEADER);
      if (!header?.subarray(0, MAGIC.length).equals(MAGIC))
        throw new Failed(`${path} is no cr3scope capture`, 'Give a file that `cr3scope report` wrote.', 'EFTYPE');
      const version = header.readUInt32LE(MAGIC.length);
      if (version !== VERSION)
        throw new Failed(
          `${path} is a capture of version ${version}; this cr3scope reads version ${VERSION}`,
          'Open it with a newer cr3scope.',
          'EPROTO',
        );
      this.chain = sha256(header);
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** Whether the last chunk was read: nothing is missing. */
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

  /** Undefined at the end, or where a problem came up. */
  next(): Chunk | undefined {
    if (this.problem || this.ended) return undefined;
    const header = this.bytes(this.at, CHUNK_HEADER);
    if (!header) return this.stop('ends early');
    const stored = header.readUInt32LE(0);
    const length = header.readUInt32LE(4);
    if (stored > MOST_CHUNK || length > MOST_CHUNK || stored > length) return this.stop('is damaged');
    const payload = this.bytes(this.at + CHUNK_HEADER, stored);
    if (!payload) return this.stop('ends early');
    const chain = sha256(this.chain, header.subarray(0, 8), payload);
    if (!chain.equals(header.subarray(8))) return this.stop('is damaged');
    try {
      const raw = stored === length ? payload : inflateSync(payload, { maxOutputLength: length });
      // A Node Buffer would have every array of the chunk be one, too.
      const chunk = Chunk.parse(unpack(new Uint8Array(raw.buffer, raw.byteOffset, raw.length)));
      if ((chunk.kind === 'begin') !== (this.at === FILE_HEADER)) return this.stop('is malformed');
      this.chain = chain;
      this.at += CHUNK_HEADER + stored;
      if (chunk.kind === 'end') {
        this.ended = true;
        if (this.at !== this.size) return this.stop('goes on behind its end');
      }
      return chunk;
    } catch {
      return this.stop('is malformed');
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  private stop(what: string): undefined {
    this.problem = new Failed(
      `${this.path} ${what}, at byte ${this.at} of ${this.size}`,
      what === 'ends early'
        ? 'Its writer was stopped, or the disk was full: what lies before is as it was written.'
        : 'It was changed after it was written: do not trust it. What lies before that byte is as it was written.',
      what === 'ends early' ? 'ENODATA' : 'EBADMSG',
    );
    return undefined;
  }

  private bytes(at: number, length: number): Buffer | undefined {
    if (at + length > this.size) return undefined;
    const buffer = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const n = readSync(this.fd, buffer, done, length - done, at + done);
      if (n === 0) return undefined; // it became shorter meanwhile
      done += n;
    }
    return buffer;
  }
}
