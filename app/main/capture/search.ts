// SPDX-License-Identifier: GPL-2.0-only
// Bytes in the frames of a capture, as native/core/search.h finds them in memory.

import type { SearchSummary } from '../../contract/api.ts';
import { PAGE_BYTES } from '../../contract/paging.ts';
import { Failed } from '../sources/failed.ts';
import type { SearchBatch } from '../sources/session.ts';
import { turn } from '../turn.ts';

/** Bytes to find; where the mask is 0, any byte matches. */
export interface Pattern {
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

/** Neighbouring pages that map one frame; pieces come by ascending address. */
export interface Piece {
  /** Physical, or virtual if an address space is searched. */
  readonly address: bigint;
  readonly pa: bigint;
  /** 0: an empty piece, at which other work may run. */
  readonly pages: bigint;
  /** Of the frame; undefined: they were not captured, and the pages may be different frames. */
  readonly bytes?: Uint8Array;
}

/** Where hits may begin, and how many are wanted at most. */
export interface Bounds {
  readonly begin: bigint;
  readonly end: bigint;
  readonly limit: bigint;
}

const BEFORE = 16;
const CONTEXT = 64;
const PAGES_AT_ONCE = 512;
/** Pages that a backward search reads at once; it keeps all hits in them for a moment. */
const PAGES_BACK = 16;
const EVERY_HIT = 1n << 62n;

/** The longest part without a wildcard: it is searched for, and the rest is compared at each hit. */
interface Anchor {
  readonly at: number;
  readonly bytes: Uint8Array;
}

function anchorOf({ bytes, mask }: Pattern): Anchor {
  let [at, length] = [0, 0];
  for (let from = 0; from < bytes.length; ) {
    let to = from;
    while (mask[to] === 0xff) to++;
    if (to - from > length) [at, length] = [from, to - from];
    from = to + 1;
  }
  if (!length) throw new Failed('the pattern is empty', 'Give at least one byte that is not a wildcard.');
  return { at, bytes: bytes.subarray(at, at + length) };
}

/** The offsets in [from, to) at which the pattern begins. */
function* matches(data: Buffer, pattern: Pattern & { anchor: Anchor }, from: number, to: number): Generator<number> {
  const { bytes, mask, anchor } = pattern;
  for (let at = from; ; at++) {
    at = data.indexOf(anchor.bytes, at + anchor.at) - anchor.at;
    if (at + anchor.at < 0 || at >= to || at + bytes.length > data.length) return;
    if (bytes.every((b, i) => ((b ^ (data[at + i] as number)) & (mask[i] as number)) === 0)) yield at;
  }
}

/** Searches pieces, which have `totalOf` bytes together; lets other work run in between. */
export function searchPieces(
  pieces: Iterable<Piece>,
  totalOf: (cancelled: () => boolean) => Promise<bigint>,
  pattern: Pattern,
  { begin, end, limit }: Bounds,
  onBatch: (batch: SearchBatch) => void,
): { promise: Promise<SearchSummary>; cancel(): void } {
  let cancelled = false;
  const search = async (): Promise<SearchSummary> => {
    const wanted = { ...pattern, anchor: anchorOf(pattern) };
    const total = await totalOf(() => cancelled);
    const summary = { bytes: 0n, unreadable: 0n, hits: 0n, limited: false, gone: false };
    let hits: { address: bigint; pa: bigint; context: Buffer; from: number; to: number }[] = [];
    const flush = () => {
      onBatch({
        done: summary.bytes + summary.unreadable,
        total,
        waiting: false,
        address: BigUint64Array.from(hits, (h) => h.address),
        pa: BigUint64Array.from(hits, (h) => h.pa),
        context: new Uint8Array(Buffer.concat(hits.map((h) => h.context))),
        knownFrom: Uint8Array.from(hits, (h) => h.from),
        knownTo: Uint8Array.from(hits, (h) => h.to),
      });
      hits = [];
    };
    /** Finds the hits that begin in `page`; `before` and `after` are the bytes around it. */
    const find = (page: Piece, before: Uint8Array, after: Uint8Array) => {
      const head = before.subarray(-BEFORE);
      const data = Buffer.concat([head, page.bytes as Uint8Array, after.subarray(0, pattern.bytes.length + CONTEXT)]);
      for (const at of matches(data, wanted, head.length, head.length + PAGE_BYTES)) {
        const inside = BigInt(at - head.length);
        const address = page.address + inside;
        if (address < begin || address >= end) continue;
        const known = data.subarray(Math.max(0, at - BEFORE), at - BEFORE + CONTEXT);
        const from = BEFORE - Math.min(at, BEFORE);
        const context = Buffer.alloc(CONTEXT);
        known.copy(context, from);
        hits.push({ address, pa: page.pa + inside, context, from, to: from + known.length });
        summary.limited = ++summary.hits >= limit;
        if (summary.limited) return;
      }
    };
    const nothing: Uint8Array = new Uint8Array();
    let before: Uint8Array = nothing;
    let page: Piece | undefined;
    let seen = 0;
    const next = (piece: Piece | undefined) => {
      const adjacent =
        page && piece?.bytes && piece.address === page.address + BigInt(PAGE_BYTES) ? piece.bytes : nothing;
      if (page?.bytes) {
        find(page, before, adjacent);
        summary.bytes += BigInt(PAGE_BYTES);
      }
      before = adjacent.length && page?.bytes ? page.bytes : nothing;
      page = piece?.bytes ? piece : undefined;
    };
    const others = async (now = false) => {
      if (++seen % PAGES_AT_ONCE && !now) return;
      flush();
      await turn();
      if (cancelled) throw new Failed('cancelled', 'It was cancelled.', 'ECANCELED');
    };
    for (const piece of pieces) {
      if (!piece.bytes) {
        next(undefined);
        summary.unreadable += piece.pages * BigInt(PAGE_BYTES);
        await others(piece.pages === 0n);
      }
      for (let k = 0n; piece.bytes && k < piece.pages && !summary.limited; k++) {
        next({ ...piece, address: piece.address + k * BigInt(PAGE_BYTES), pages: 1n });
        await others();
      }
      if (summary.limited) break;
    }
    if (!summary.limited) next(undefined);
    flush();
    return summary;
  };
  return {
    promise: turn().then(search),
    cancel: () => {
      cancelled = true;
    },
  };
}

/** Finds only the last hit, in windows from the end; each piece is one page, by ascending number. */
export function lastInPieces(
  numbersOf: () => Promise<readonly bigint[]>,
  pieceOf: (number: bigint) => Piece,
  pattern: Pattern,
  { begin, end }: Bounds,
  onBatch: (batch: SearchBatch) => void,
): { promise: Promise<SearchSummary>; cancel(): void } {
  let cancelled = false;
  const search = async (): Promise<SearchSummary> => {
    const numbers = await numbersOf();
    const total = async () => BigInt(numbers.length * PAGE_BYTES);
    const summary = { bytes: 0n, unreadable: 0n, hits: 0n, limited: false, gone: false };
    for (let to = numbers.length; to > 0 && summary.hits === 0n; to -= PAGES_BACK) {
      const window = numbers.slice(Math.max(0, to - PAGES_BACK), to + 1).map(pieceOf);
      const next = window[Math.min(to, PAGES_BACK)]; // a hit may end there
      const bounds = { begin, end: next && next.address < end ? next.address : end, limit: EVERY_HIT };
      let last: SearchBatch | undefined;
      await searchPieces(window, total, pattern, bounds, (batch) => {
        if (batch.address.length) last = batch;
      }).promise;
      if (cancelled) throw new Failed('cancelled', 'It was cancelled.', 'ECANCELED');
      summary.bytes += BigInt(Math.min(to, PAGES_BACK) * PAGE_BYTES);
      if (!last) continue;
      summary.hits = 1n;
      summary.limited = true;
      onBatch({
        ...last,
        done: summary.bytes,
        address: last.address.slice(-1),
        pa: last.pa.slice(-1),
        context: last.context.slice(-CONTEXT),
        knownFrom: last.knownFrom.slice(-1),
        knownTo: last.knownTo.slice(-1),
      });
    }
    return summary;
  };
  return {
    promise: search(),
    cancel: () => {
      cancelled = true;
    },
  };
}
