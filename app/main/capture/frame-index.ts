// SPDX-License-Identifier: GPL-2.0-only
// The places of the frames of a capture in its file: eight bytes of memory for each frame.
import type { ChunkOf } from './chunks.ts';
import type { ChunkPlace } from './container.ts';

const ORDINAL = 24n;
const MOST_CHUNKS = 1 << Number(ORDINAL);

/** Chunks that hold columns by frame number. */
type WithFrames = ChunkOf<'frames'> | ChunkOf<'tables'>;

export class FrameIndex<T extends WithFrames> {
  private readonly places: ChunkPlace[] = [];
  private added: BigUint64Array[] = [];
  /** Frame number and ordinal of the chunk, ascending. */
  private sorted = new BigUint64Array();
  size = 0;

  constructor(private readonly load: (place: ChunkPlace) => T) {}

  /** False if it can't hold more chunks. */
  add(pfn: BigUint64Array, place: ChunkPlace): boolean {
    if (this.places.length >= MOST_CHUNKS) return false;
    const ordinal = BigInt(this.places.length);
    this.places.push(place);
    this.added.push(pfn.map((n) => (n << ORDINAL) | ordinal));
    this.size += pfn.length;
    return true;
  }

  has(pfn: bigint): boolean {
    return this.find(pfn) !== undefined;
  }

  /** The chunk that holds a frame, and its index in the columns. */
  get(pfn: bigint): { chunk: T; index: number } | undefined {
    const key = this.find(pfn);
    if (key === undefined) return undefined;
    const chunk = this.load(this.places[Number(BigInt.asUintN(Number(ORDINAL), key))] as ChunkPlace);
    return { chunk, index: chunk.pfn.indexOf(pfn) };
  }

  /** Frame numbers, ascending. */
  *keys(): Generator<bigint> {
    for (const key of this.keysByFrame()) yield key >> ORDINAL;
  }

  /** Each frame with its chunk, in the order of the file. */
  *[Symbol.iterator](): Generator<[bigint, { chunk: T; index: number }]> {
    for (const place of this.places) {
      const chunk = this.load(place);
      for (const [index, pfn] of chunk.pfn.entries()) yield [pfn, { chunk, index }];
    }
  }

  private find(pfn: bigint): bigint | undefined {
    const keys = this.keysByFrame();
    const least = pfn << ORDINAL;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as bigint) < least) low = middle + 1;
      else high = middle;
    }
    const key = keys[low];
    return key !== undefined && key >> ORDINAL === pfn ? key : undefined;
  }

  private keysByFrame(): BigUint64Array {
    if (this.added.length === 0) return this.sorted;
    const all = new BigUint64Array(this.size);
    all.set(this.sorted);
    let at = this.sorted.length;
    for (const some of this.added) {
      all.set(some, at);
      at += some.length;
    }
    this.added = [];
    this.sorted = all.sort();
    return all;
  }
}
