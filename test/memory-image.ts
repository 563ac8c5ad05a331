// SPDX-License-Identifier: GPL-2.0-only
// Physical memory made for tests, and the formats in which it can be written to a file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import type { ImageFile } from '../app/main/sources/carrier.ts';

export const PRESENT = 1n;
export const WRITE = 2n;
export const USER = 4n;
export const HUGE = 1n << 7n;
export const NX = 1n << 63n;

/** Each frame of standard input, packed by a C library, after its length. */
const PACK = `
import ctypes, struct, sys
library = ctypes.CDLL(sys.argv[1])
to = ctypes.create_string_buffer(8192)
length = ctypes.c_size_t()
while frame := sys.stdin.buffer.read(4096):
  length.value = len(to)
  if not CALL == 0: sys.exit('a frame could not be packed')
  sys.stdout.buffer.write(struct.pack('<I', length.value) + to.raw[:length.value])
`;
const LZO =
  'library.lzo1x_1_compress(frame, len(frame), to, ctypes.byref(length), ctypes.create_string_buffer(1 << 17))';
const SNAPPY = 'library.snappy_compress(frame, len(frame), to, ctypes.byref(length))';

/** Packs frames by a library that Node does not have. */
const packedBy = (library: string, call: string) => (frames: readonly Buffer[]) => {
  let packed = execFileSync('python3', ['-c', PACK.replace('CALL', () => call), library], {
    input: Buffer.concat(frames),
    maxBuffer: 2 ** 30,
  });
  return frames.map(() => {
    const end = 4 + packed.readUInt32LE();
    const frame = packed.subarray(4, end);
    packed = packed.subarray(end);
    return frame;
  });
};

/** How frames are packed in a kdump-compressed image: the flag of their descriptors, and the bytes of each. */
const PACKINGS = {
  none: { flag: 0, pack: (frames: readonly Buffer[]) => frames },
  zlib: { flag: 1, pack: (frames: readonly Buffer[]) => frames.map((frame) => deflateSync(frame)) },
  LZO: { flag: 2, pack: packedBy('liblzo2.so.2', LZO) },
  Snappy: { flag: 4, pack: packedBy('libsnappy.so.1', SNAPPY) },
  Zstandard: { flag: 0x20, pack: (frames: readonly Buffer[]) => frames.map((frame) => zstdCompressSync(frame)) },
} as const;
export type Packing = keyof typeof PACKINGS;

/** Physical memory in ranges [begin, end). */
export class Memory {
  readonly ranges: [begin: number, end: number][];
  readonly bytes: Buffer[];
  constructor(ranges: [begin: number, end: number][]) {
    this.ranges = ranges;
    this.bytes = ranges.map(([begin, end]) => Buffer.alloc(end - begin));
  }

  /** The bytes from a physical address to the end of its range. */
  at(pa: number): Buffer {
    const i = this.ranges.findIndex(([begin, end]) => pa >= begin && pa < end);
    const range = this.ranges[i];
    if (!range) throw new Error(`no memory at ${pa.toString(16)}`);
    return (this.bytes[i] as Buffer).subarray(pa - range[0]);
  }

  entry(table: number, index: number, value: bigint): void {
    this.at(table).writeBigUInt64LE(value, index * 8);
  }

  /** Each word of the frame is its own physical address. */
  fill(pa: number): void {
    const frame = this.at(pa);
    for (let i = 0; i < 4096; i += 8) frame.writeBigUInt64LE(BigInt(pa + i), i);
  }

  /** The ranges one after the other; `at` says where each is. */
  raw(): { file: Buffer; ranges: BigUint64Array } {
    let offset = 0n;
    const ranges = this.ranges.flatMap(([begin, end]) => {
      const range = [BigInt(begin), BigInt(end - begin), offset];
      offset += BigInt(end - begin);
      return range;
    });
    return { file: Buffer.concat(this.bytes), ranges: BigUint64Array.from(ranges) };
  }

  lime(): Buffer {
    return Buffer.concat(
      this.ranges.flatMap(([begin, end], i) => {
        const header = Buffer.alloc(32);
        header.writeUInt32LE(0x4c694d45, 0);
        header.writeUInt32LE(1, 4);
        header.writeBigUInt64LE(BigInt(begin), 8);
        header.writeBigUInt64LE(BigInt(end - 1), 16);
        return [header, this.bytes[i] as Buffer];
      }),
    );
  }

  /** An ELF core. Of the last range only the first `kept` bytes are in it. With `notes` it says these. */
  elf({ kept = Number.POSITIVE_INFINITY, notes = Buffer.alloc(0) }: { kept?: number; notes?: Buffer } = {}): Buffer {
    const count = this.ranges.length + 1;
    const head = Buffer.alloc(64 + 56 * count);
    head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
    head.writeUInt16LE(4, 16); // ET_CORE
    head.writeUInt16LE(62, 18); // EM_X86_64
    head.writeUInt32LE(1, 20);
    head.writeBigUInt64LE(64n, 32);
    head.writeUInt16LE(64, 52);
    head.writeUInt16LE(56, 54);
    head.writeUInt16LE(count, 56);
    let offset = head.length;
    const segment = (i: number, type: number, pa: number, inFile: number, inMemory: number) => {
      const at = 64 + 56 * i;
      head.writeUInt32LE(type, at);
      head.writeBigUInt64LE(BigInt(offset), at + 8);
      head.writeBigUInt64LE(BigInt(pa), at + 24);
      head.writeBigUInt64LE(BigInt(inFile), at + 32);
      head.writeBigUInt64LE(BigInt(inMemory), at + 40);
      offset += inFile;
    };
    segment(0, 4, 0, notes.length, 0);
    const parts = this.ranges.map(([begin, end], i) => {
      const bytes = this.bytes[i] as Buffer;
      const part = i === this.ranges.length - 1 ? bytes.subarray(0, Math.min(kept, bytes.length)) : bytes;
      segment(i + 1, 1, begin, part.length, end - begin);
      return part;
    });
    return Buffer.concat([head, notes, ...parts]);
  }

  /** kdump-compressed. Frames of which `holds` says false are left out. */
  kdump({
    packing = 'none',
    holds = () => true,
    notes = Buffer.alloc(0),
  }: {
    packing?: Packing;
    holds?: (pfn: number) => boolean;
    notes?: Buffer;
  } = {}): Buffer {
    const BLOCK = 4096;
    const { flag, pack } = PACKINGS[packing];
    const frames = Math.max(...this.ranges.map(([, end]) => end)) / BLOCK;
    const bitmapBytes = Math.ceil(frames / 8 / BLOCK) * BLOCK;
    const [header, sub, exist, held] = [BLOCK, BLOCK, bitmapBytes, bitmapBytes].map((n) => Buffer.alloc(n)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    header.write('KDUMP   ');
    header.writeInt32LE(6, 8);
    header.writeUInt32LE(flag, 424);
    header.writeInt32LE(BLOCK, 428);
    header.writeInt32LE(1, 432);
    header.writeUInt32LE((2 * bitmapBytes) / BLOCK, 436);
    header.writeUInt32LE(frames, 440);
    sub.writeBigUInt64LE(BigInt(frames), 96);
    const mark = (bitmap: Buffer, pfn: number) => {
      bitmap[pfn >> 3] = (bitmap[pfn >> 3] as number) | (1 << (pfn & 7));
    };
    const written: Buffer[] = [];
    for (const [begin, end] of this.ranges)
      for (let pa = begin; pa < end; pa += BLOCK) {
        mark(exist, pa / BLOCK);
        if (!holds(pa / BLOCK)) continue;
        mark(held, pa / BLOCK);
        written.push(this.at(pa).subarray(0, BLOCK));
      }
    const packed = pack(written);
    const descriptors = Buffer.alloc(packed.length * 24);
    let at = 2 * BLOCK + 2 * bitmapBytes + descriptors.length;
    packed.forEach((bytes, i) => {
      descriptors.writeBigUInt64LE(BigInt(at), i * 24);
      descriptors.writeUInt32LE(bytes.length, i * 24 + 8);
      descriptors.writeUInt32LE(flag, i * 24 + 12);
      at += bytes.length;
    });
    sub.writeBigUInt64LE(BigInt(at), 48);
    sub.writeBigUInt64LE(BigInt(notes.length), 56);
    return Buffer.concat([header, sub, exist, held, descriptors, ...packed, notes]);
  }
}

/** A note of an ELF core. */
export function elfNote(name: string, text: Buffer): Buffer {
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  const head = Buffer.alloc(12);
  const nameBytes = Buffer.from(`${name}\0`);
  head.writeUInt32LE(nameBytes.length, 0);
  head.writeUInt32LE(text.length, 4);
  return Buffer.concat([head, padded(nameBytes), padded(text)]);
}

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-image-'));
const remove = () => rmSync(folder, { recursive: true, force: true });
// A worker of vitest is killed before it exits.
if (process.env.VITEST) (await import('vitest')).afterAll(remove);
else process.once('exit', remove);
let files = 0;

/** A file with these bytes. */
export function fileOf(bytes: Buffer): string {
  const path = join(folder, String(files++));
  writeFileSync(path, bytes);
  return path;
}

export const imageFile = (path: string, more: Partial<ImageFile> = {}): ImageFile => ({
  path,
  root: 0n,
  levels: 0,
  ranges: new BigUint64Array(),
  ...more,
});
