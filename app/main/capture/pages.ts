// SPDX-License-Identifier: GPL-2.0-only
// Pages of a capture: stretches whose words continue regularly, as native/core/page_record.cc packs them.

import { constants, inflateSync } from 'node:zlib';
import { pageBytes, pageOffset, pagesBetween, paOf, pfnOf } from '../../contract/paging.ts';
import { bySource, PAGE_SOURCES, SOURCES, type Words } from '../../contract/sources.ts';
import { Failed } from '../sources/failed.ts';
import { turn } from '../turn.ts';

/** How the words continue from the first page; the order is that of Step in native/core/page_record.h. */
const STEPS = ['same', 'frames', 'withinHuge'] as const;
export type Step = (typeof STEPS)[number];

export interface Stretch {
  readonly va: bigint;
  readonly pages: bigint;
  /** Of the first page. */
  readonly words: Words;
  /** Level of the entry; 0: a hole in the upper levels. */
  readonly level: number;
  readonly step: Step;
  /** Codes of VERDICT and NOTE, or of a later version. */
  readonly verdict: number;
  readonly note: number;
}

/** The columns of words, in their order. A source that came later has its column after those that were there before. */
const WORD_COLUMNS = ['tableWalk', ...PAGE_SOURCES] as const;
/** Those that every capture has. */
const LEAST_SOURCES = 3;
/** A capture of a later version may have some more, which are passed over. */
const MOST_SOURCES = 8;
/** Bytes of a stretch with words of so many sources. */
const bytesWith = (sources: number) => (2 + sources) * 8 + 4;
const MOST_STRETCHES = 1 << 20;
/** Stretches of a process that are kept unpacked; the block in use always is. */
const MOST_UNPACKED = 1 << 19;
/** Stretches that are processed before other work may run. */
export const STRETCHES_AT_ONCE = 1 << 14;
const FRAME = (1n << 55n) - 1n;
const u64 = (value: bigint) => BigInt.asUintN(64, value);

const malformed = (what: string) =>
  new Failed(
    `pages of the capture are malformed: ${what}`,
    'It was not written by cr3scope: do not trust it.',
    'EBADMSG',
  );

/** The first bytes of a block: more than the tables of deflate, so that the number of stretches is among them. */
const HEAD = 1024;

/** How many stretches a block claims to hold, without inflating all of it. */
export function countStretches(packed: Uint8Array): number {
  try {
    const head = inflateSync(packed.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH });
    return head.length < 4 ? 0 : head.readUInt32LE(0);
  } catch {
    throw malformed('they don’t inflate');
  }
}

function inflate(packed: Uint8Array, length: number): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength: length });
  } catch {
    throw malformed('they don’t inflate to the length that they claim');
  }
}

/** Stretches as columns; an object for each would take ten times the memory. */
interface Block {
  readonly length: number;
  readonly va: BigUint64Array;
  readonly pages: BigUint64Array;
  readonly words: Words<BigUint64Array>;
  readonly level: Uint8Array;
  readonly step: Uint8Array;
  readonly verdict: Uint8Array;
  readonly note: Uint8Array;
}

/** Throws if the bytes are not packed stretches. */
function unpackBlock(packed: Uint8Array): Block {
  const n = countStretches(packed);
  if (n > MOST_STRETCHES) throw malformed('more than there may be in one block');
  const raw = inflate(packed, Math.max(4 + n * bytesWith(MOST_SOURCES), 4));
  let sources = LEAST_SOURCES;
  while (n > 0 && sources < MOST_SOURCES && raw.length > 4 + n * bytesWith(sources)) sources++;
  if (raw.length !== 4 + n * bytesWith(sources)) throw malformed('their length does not match their contents');
  // Join the planes of a column, lowest byte first.
  const wide = (c: number): BigUint64Array => {
    const words = new BigUint64Array(n);
    const bytes = new Uint8Array(words.buffer);
    const column = raw.subarray(4 + c * n * 8, 4 + (c + 1) * n * 8);
    for (let plane = 0; plane < 8; plane++)
      for (let i = 0, from = plane * n, to = plane; i < n; i++, from++, to += 8) bytes[to] = column[from] as number;
    return words;
  };
  const [va, pages] = [wide(0), wide(1)];
  const words = bySource((name) => {
    const c = WORD_COLUMNS.indexOf(name);
    return c < sources ? wide(2 + c) : new BigUint64Array(n); // the writer did not know that source
  });
  const entry = words.tableWalk;
  const compared = PAGE_SOURCES.filter((name) => WORD_COLUMNS.indexOf(name) < sources).map((name) => words[name]);
  const narrow = raw.subarray(4 + (2 + sources) * n * 8);
  const column = (k: number): Uint8Array => narrow.subarray(k * n, (k + 1) * n);
  const [level, step, verdict, note] = [column(0), column(1), column(2), column(3)];
  let end = 0n;
  let word = 0n;
  for (let i = 0; i < n; i++) {
    const first = u64(end + (va[i] as bigint));
    const more = (pages[i] as bigint) + 1n;
    word = u64(word + (entry[i] as bigint));
    const frame = pfnOf(word) & FRAME;
    // Ascending, complete pages, below what 5 levels can address.
    if ((i > 0 && first < end) || pageOffset(first) || more > 1n << 45n || first + pageBytes(more) > 1n << 57n)
      throw malformed('out of order');
    if (!STEPS[step[i] as number] || (level[i] as number) > 5) throw malformed('of an unknown kind');
    va[i] = first;
    pages[i] = more;
    entry[i] = word;
    for (const column of compared) column[i] = u64((column[i] as bigint) + frame);
    end = first + pageBytes(more);
  }
  return { length: n, va, pages, words, level, step, verdict, note };
}

/** A copy of this is made faster than an object with the same fields. */
const NO_WORDS = bySource(() => 0n);

function firstWords(b: Block, i: number): Words {
  const words = { ...NO_WORDS };
  for (const name of SOURCES) words[name] = b.words[name][i] as bigint;
  return words;
}

const stretchAt = (b: Block, i: number): Stretch => ({
  va: b.va[i] as bigint,
  pages: b.pages[i] as bigint,
  words: firstWords(b, i),
  level: b.level[i] as number,
  step: STEPS[b.step[i] as number] as Step,
  verdict: b.verdict[i] as number,
  note: b.note[i] as number,
});

function* stretchesOf(block: Block): Generator<Stretch> {
  for (let i = 0; i < block.length; i++) yield stretchAt(block, i);
}

/** Throws if the bytes are not packed stretches. */
export const unpackStretches = (packed: Uint8Array): Iterable<Stretch> => stretchesOf(unpackBlock(packed));

/** The words of page `k` of a stretch. */
export function wordsAt({ words, step }: Stretch, k: bigint): Words {
  if (step === 'same') return words;
  const next = { ...words };
  for (const name of PAGE_SOURCES) if (next[name]) next[name] = u64(next[name] + k);
  if (step === 'frames') next.tableWalk = u64(next.tableWalk + paOf(k));
  return next;
}

/** Whether the first pages of two stretches have the same words. */
export const sameWords = (a: Words, b: Words): boolean => SOURCES.every((name) => a[name] === b[name]);

/** The pages of one process, unpacked block by block when they are needed. */
export class CapturedPages {
  private readonly blocks: Uint8Array[] = [];
  private readonly ranges: { readonly va: bigint; readonly end: bigint }[] = [];
  private readonly recent = new Map<number, Block>();
  private unpacked = 0;

  add(packed: Uint8Array): void {
    this.blocks.push(packed);
  }

  /** All stretches in the order in which they were checked, which is nearly that of their addresses. */
  *stretches(): Generator<Stretch> {
    for (let i = 0; i < this.blocks.length; i++) yield* stretchesOf(this.block(i));
  }

  /** All stretches by address. Only blocks that overlap are unpacked at the same time. */
  *byAddress(): Generator<Stretch> {
    const order = [...this.blocks.keys()].sort((a, b) => compare(this.bounds(a).va, this.bounds(b).va));
    /** A heap of the next stretch of each open block, the lowest address first. */
    const open: { readonly block: Block; at: number }[] = [];
    const va = (k: number) => (open[k] as { block: Block }).block.va[(open[k] as { at: number }).at] as bigint;
    const swap = (a: number, b: number) => {
      [open[a], open[b]] = [open[b] as (typeof open)[0], open[a] as (typeof open)[0]];
    };
    const sink = (k = 0) => {
      for (;;) {
        let least = k;
        for (const child of [2 * k + 1, 2 * k + 2]) if (child < open.length && va(child) < va(least)) least = child;
        if (least === k) return;
        swap(k, least);
        k = least;
      }
    };
    const push = (block: Block) => {
      let k = open.push({ block, at: 0 }) - 1;
      for (; k > 0 && va(k) < va((k - 1) >> 1); k = (k - 1) >> 1) swap(k, (k - 1) >> 1);
    };
    let next = 0;
    while (next < order.length || open.length > 0) {
      while (next < order.length && (open.length === 0 || this.bounds(order[next] as number).va <= va(0))) {
        const block = this.block(order[next++] as number);
        if (block.length) push(block);
      }
      const top = open[0];
      if (!top) continue;
      yield stretchAt(top.block, top.at);
      if (++top.at === top.block.length) {
        const last = open.pop() as (typeof open)[0];
        if (open.length) open[0] = last;
      }
      sink();
    }
  }

  /** Reads the ranges of the blocks, which `find` needs, while other work may run. */
  async prepare(): Promise<void> {
    let passed = 0;
    for (let i = 0; i < this.blocks.length; i++) {
      if (this.ranges[i]) continue;
      this.bounds(i);
      passed += this.recent.get(i)?.length ?? 0;
      if (passed < STRETCHES_AT_ONCE) continue;
      passed = 0;
      await turn();
    }
  }

  /** The page of an address: its stretch, and which page of it. */
  find(va: bigint): { stretch: Stretch; page: bigint } | undefined {
    for (let i = 0; i < this.blocks.length; i++) {
      // The range of a block is known once it was unpacked.
      const { va: first, end } = this.bounds(i);
      if (va < first || va >= end) continue;
      const block = this.block(i);
      let low = 0;
      let high = block.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((block.va[middle] as bigint) <= va) low = middle + 1;
        else high = middle;
      }
      const stretch = low > 0 ? stretchAt(block, low - 1) : undefined;
      if (stretch && va < stretch.va + pageBytes(stretch.pages)) return { stretch, page: pagesBetween(stretch.va, va) };
    }
    return undefined;
  }

  private bounds(i: number): { va: bigint; end: bigint } {
    let range = this.ranges[i];
    if (!range) {
      const { va, pages, length } = this.block(i);
      range = length
        ? { va: va[0] as bigint, end: (va[length - 1] as bigint) + pageBytes(pages[length - 1] as bigint) }
        : { va: 0n, end: 0n };
      this.ranges[i] = range;
    }
    return range;
  }

  private block(i: number): Block {
    let block = this.recent.get(i);
    if (!block) {
      block = unpackBlock(this.blocks[i] as Uint8Array);
      this.unpacked += block.length;
      for (const [k, { length }] of this.recent) {
        if (this.unpacked <= MOST_UNPACKED) break;
        this.recent.delete(k);
        this.unpacked -= length;
      }
      this.recent.set(i, block);
    }
    return block;
  }
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
