// Pages of a capture: stretches whose words go on regularly, as native/core/page_record.cc packs them.
import { inflateSync } from 'node:zlib';
import { VERDICTS } from '../../contract/verdicts.ts';
import { Failed } from '../sources/failed.ts';

/** How the words go on from the first page; the order is that of Step in native/core/page_record.h. */
const STEPS = ['same', 'frames', 'withinHuge'] as const;
export type Step = (typeof STEPS)[number];

export interface Stretch {
  readonly va: bigint;
  readonly pages: bigint;
  /** Of the first page. */
  readonly pagemap: bigint;
  readonly kernel: bigint;
  readonly entry: bigint;
  /** Of the entry; 0: a hole of the upper levels. */
  readonly level: number;
  readonly step: Step;
  /** Indices into VERDICTS and NOTES. */
  readonly verdict: number;
  readonly note: number;
}

export type PageWords = Pick<Stretch, 'pagemap' | 'kernel' | 'entry'>;

const WIDE = 5;
const NARROW = 4;
const BYTES = WIDE * 8 + NARROW;
const MOST_STRETCHES = 1 << 20;
const FRAME = (1n << 55n) - 1n;
const u64 = (value: bigint) => BigInt.asUintN(64, value);

const malformed = (what: string) =>
  new Failed(
    `pages of the capture are malformed: ${what}`,
    'It was not written by cr3scope: do not trust it.',
    'EBADMSG',
  );

function inflate(packed: Uint8Array): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength: 4 + MOST_STRETCHES * BYTES });
  } catch {
    throw malformed('they don’t inflate');
  }
}

/** Throws where the bytes are no stretches. */
export function unpackStretches(packed: Uint8Array): Stretch[] {
  const raw = inflate(packed);
  const n = raw.length < 4 ? 0 : raw.readUInt32LE(0);
  if (raw.length !== 4 + n * BYTES) throw malformed('of another length than they say');
  // The planes of a column, lowest byte first, put together again.
  const wide = Array.from({ length: WIDE }, (_, c) => {
    const words = new BigUint64Array(n);
    const bytes = new Uint8Array(words.buffer);
    const column = raw.subarray(4 + c * n * 8, 4 + (c + 1) * n * 8);
    for (let plane = 0; plane < 8; plane++)
      for (let i = 0; i < n; i++) bytes[i * 8 + plane] = column[plane * n + i] as number;
    return words;
  });
  const narrow = raw.subarray(4 + WIDE * n * 8);
  const stretches: Stretch[] = [];
  let end = 0n;
  let entry = 0n;
  for (let i = 0; i < n; i++) {
    const [gap = 0n, more = 0n, delta = 0n, pagemap = 0n, kernel = 0n] = wide.map((column) => column[i] as bigint);
    const va = u64(end + gap);
    const pages = more + 1n;
    entry = u64(entry + delta);
    const frame = (entry >> 12n) & FRAME;
    const [level = 0, step = 0, verdict = 0, note = 0] = [0, 1, 2, 3].map((k) => narrow[k * n + i] as number);
    // Ascending, whole pages, below what 5 levels can address.
    if ((i > 0 && va < end) || va & 4095n || pages > 1n << 45n || va + (pages << 12n) > 1n << 57n)
      throw malformed('out of order');
    if (!STEPS[step] || !VERDICTS[verdict] || level > 5) throw malformed('of an unknown kind');
    stretches.push({
      va,
      pages,
      entry,
      pagemap: u64(pagemap + frame),
      kernel: u64(kernel + frame),
      level,
      step: STEPS[step] as Step,
      verdict,
      note,
    });
    end = va + (pages << 12n);
  }
  return stretches;
}

/** The words of page `k` of a stretch. */
export function wordsAt({ pagemap, kernel, entry, step }: Stretch, k: bigint): PageWords {
  if (step === 'same') return { pagemap, kernel, entry };
  return {
    pagemap: u64(pagemap + k),
    kernel: kernel ? u64(kernel + k) : 0n,
    entry: step === 'frames' ? u64(entry + (k << 12n)) : entry,
  };
}

/** The pages of one process, unpacked block by block as they are asked for. */
export class CapturedPages {
  private readonly blocks: Uint8Array[] = [];
  private readonly ranges: { va: bigint; end: bigint }[] = [];
  private readonly recent = new Map<number, Stretch[]>();

  add(packed: Uint8Array): void {
    this.blocks.push(packed);
  }

  /** All stretches in the order in which they were checked, which is nearly that of their addresses. */
  *stretches(): Generator<Stretch> {
    for (let i = 0; i < this.blocks.length; i++) yield* this.block(i);
  }

  /** The page of an address: its stretch, and which page of it. */
  find(va: bigint): { stretch: Stretch; page: bigint } | undefined {
    for (let i = 0; i < this.blocks.length; i++) {
      // A block that was unpacked once tells where it lies without being unpacked again.
      const { va: first, end } = this.bounds(i);
      if (va < first || va >= end) continue;
      const list = this.block(i);
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((list[middle] as Stretch).va <= va) low = middle + 1;
        else high = middle;
      }
      const stretch = list[low - 1];
      if (stretch && va < stretch.va + (stretch.pages << 12n)) return { stretch, page: (va - stretch.va) >> 12n };
    }
    return undefined;
  }

  private bounds(i: number): { va: bigint; end: bigint } {
    let range = this.ranges[i];
    if (!range) {
      const list = this.block(i);
      const last = list.at(-1);
      range = { va: list[0]?.va ?? 0n, end: last ? last.va + (last.pages << 12n) : 0n };
      this.ranges[i] = range;
    }
    return range;
  }

  private block(i: number): Stretch[] {
    let list = this.recent.get(i);
    if (!list) {
      list = unpackStretches(this.blocks[i] as Uint8Array);
      if (this.recent.size >= 8) this.recent.delete(this.recent.keys().next().value as number);
      this.recent.set(i, list);
    }
    return list;
  }
}
