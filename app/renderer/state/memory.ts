// SPDX-License-Identifier: GPL-2.0-only
// The cursor in physical memory, the frames that were read, and the facts of the frame under the cursor.
import { create } from 'zustand';
import { type Failure, type Frame, MOST_FRAMES } from '../../contract/api.ts';
import { PA_END, PAGE_BYTES, pageOffset, paOf, pfnOf } from '../../contract/paging.ts';
import { explorer, failure } from '../lib/client.ts';
import { frameIsChosen } from './chosen.ts';
import { shownTogether } from './refresh.ts';
import { useSpace } from './space.ts';

/** The bytes of a frame, and those of the previous reading, to highlight what changed. */
export interface Loaded {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly before?: Uint8Array;
}

/** How a frame is shown as a page table: its level, and the first address it covers if that is known. */
export interface TableShown {
  readonly level: number;
  readonly base?: bigint;
}

interface MemoryState {
  /** Physical address of the selected byte. */
  cursor?: bigint | undefined;
  /** The other end of the selection; undefined: nothing but the cursor's word is selected. */
  anchor?: bigint | undefined;
  /** By frame number. */
  loaded: ReadonlyMap<bigint, Loaded>;
  /** Facts of the cursor's frame. */
  frame?: Frame | undefined;
  frameError?: Failure | undefined;
  table?: TableShown | undefined;
  /** The tables on the way down, to go back to. */
  trail: readonly { readonly pa: bigint; readonly table: TableShown }[];
}

export const useMemory = create<MemoryState>(() => ({ loaded: new Map(), trail: [] }));
const set = useMemory.setState;
const get = useMemory.getState;

const MOST_LOADED = 512;

/** Puts the cursor on a byte; `extend` selects up to it. */
export function selectByte(pa: bigint, extend = false): void {
  const { cursor, anchor } = get();
  const to = pa < 0n ? 0n : pa < PA_END ? pa : PA_END - 1n;
  set({ cursor: to, anchor: extend ? (anchor ?? cursor) : undefined });
  if (cursor === undefined || pfnOf(cursor) !== pfnOf(to)) {
    set({ table: undefined, trail: [] });
    void readFacts();
  }
}

/** Selects from the cursor to a byte of its frame. */
export const selectTo = (pa: bigint): void => set({ anchor: pa });

/** Opens a frame; `table` shows it as a page table. */
export function openFrame(pfn: bigint, offset = 0, table?: TableShown): void {
  const cursor = paOf(pfn) + BigInt(offset);
  frameIsChosen();
  set({ cursor, anchor: undefined, table, trail: [] });
  void readFacts();
  void loadFrames(pfn, 1);
}

/** Goes to the same byte of another frame, because the page that was chosen maps that one now. */
export function followFrame(pfn: bigint): void {
  const { cursor = 0n } = get();
  set({ cursor: paOf(pfn) + BigInt(pageOffset(cursor)), anchor: undefined, table: undefined, trail: [] });
  void readFacts();
}

/** Shows no frame any more. */
export const closeFrame = (): void =>
  set({ cursor: undefined, anchor: undefined, frame: undefined, frameError: undefined, table: undefined, trail: [] });

/** Opens the frame of a physical address, the cursor on that byte. */
export const openAddress = (pa: bigint, table?: TableShown): void => openFrame(pfnOf(pa), pageOffset(pa), table);

/** Goes from the table that is shown down to a frame that it points to. */
export function goDown(pfn: bigint, table: TableShown | undefined): void {
  const { cursor, table: from, trail } = get();
  openFrame(pfn, 0, table);
  if (from && cursor !== undefined) set({ trail: [...trail, { pa: cursor, table: from }] });
}

export function goBack(): void {
  const { trail } = get();
  const last = trail.at(-1);
  if (!last) return;
  openAddress(last.pa, last.table);
  set({ trail: trail.slice(0, -1) });
}

/** Shows the cursor's frame as a page table of a level, or as bytes again. */
export const showTable = (table: TableShown | undefined): void => set({ table });

/** The frame of the chosen page: its facts and bytes are those of the page's reading. */
const readFrame = (): Frame | undefined => useSpace.getState().reading?.frame ?? undefined;

/** Shows a frame as it was read with its page. */
export function takeFrame(frame: Frame): void {
  const loaded = new Map(get().loaded);
  store(loaded, frame.pfn, frame.status, frame.bytes.length ? frame.bytes : new Uint8Array(PAGE_BYTES), true);
  set({ loaded });
  if (pfnOf(get().cursor ?? -1n) === frame.pfn) set({ frame, frameError: undefined });
}

/** A frame was read again and is the same: what had changed before is no longer marked. */
export function settleFrame(pfn: bigint): void {
  const { loaded } = get();
  const at = loaded.get(pfn);
  if (at?.before) set({ loaded: new Map(loaded).set(pfn, { status: at.status, bytes: at.bytes }) });
}

/** Keeps the bytes of a frame as the latest. Beyond MOST_LOADED the oldest are forgotten. */
function store(loaded: Map<bigint, Loaded>, pfn: bigint, status: number, bytes: Uint8Array, again: boolean): void {
  const before = loaded.get(pfn)?.bytes;
  loaded.delete(pfn); // the latest are the last
  loaded.set(pfn, { status, bytes, ...(again && before && { before }) });
  for (const old of [...loaded.keys()].slice(0, Math.max(0, loaded.size - MOST_LOADED))) loaded.delete(old);
}

async function readFacts(again = false): Promise<void> {
  const { cursor } = get();
  if (cursor === undefined) return;
  const pfn = pfnOf(cursor);
  const read = readFrame();
  if (read?.pfn === pfn) return set({ frame: read, frameError: undefined });
  const mine = () => pfnOf(get().cursor ?? -1n) === pfn;
  try {
    const frame = await explorer().call('frame', { pfn });
    if (again) await shownTogether();
    if (mine()) set({ frame, frameError: undefined });
  } catch (error) {
    if (mine()) set({ frameError: failure(error) });
  }
}

const asked = new Set<bigint>();

/** Reads the frames of [pfn, pfn + count) that are missing, or with `again` all but that of the chosen page. */
export async function loadFrames(pfn: bigint, count: number, again = false): Promise<void> {
  const wanted = (n: bigint) => !asked.has(n) && n !== readFrame()?.pfn && (again || !get().loaded.has(n));
  let first = pfn;
  let last = pfn + BigInt(Math.min(count, MOST_FRAMES)) - 1n;
  while (first <= last && !wanted(first)) first++;
  while (last >= first && !wanted(last)) last--;
  if (first > last) return;
  for (let n = first; n <= last; n++) asked.add(n);
  try {
    const { status, bytes } = await explorer().call('frames', { pfn: first, count: Number(last - first) + 1 });
    if (again) await shownTogether();
    const loaded = new Map(get().loaded);
    status.forEach((s, i) => {
      const n = first + BigInt(i);
      if (n !== readFrame()?.pfn) store(loaded, n, s, bytes.slice(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), again);
    });
    set({ loaded });
  } catch (error) {
    set({ frameError: failure(error) });
  } finally {
    for (let n = first; n <= last; n++) asked.delete(n);
  }
}

/** Reads the frame under the cursor and those on screen again. */
export async function refresh(pfn: bigint, count: number): Promise<void> {
  await Promise.all([loadFrames(pfn, count, true), readFacts(true)]);
}

/** A byte of the loaded frames; undefined if it is not loaded or could not be read. */
export function byteAt(loaded: MemoryState['loaded'], pa: bigint): number | undefined {
  const frame = loaded.get(pfnOf(pa));
  return frame?.status === 0 ? frame.bytes[pageOffset(pa)] : undefined;
}

/** The range of the selected bytes, or of the word at the cursor. */
export function selection({ cursor = 0n, anchor }: Pick<MemoryState, 'cursor' | 'anchor'>): {
  begin: bigint;
  end: bigint;
} {
  if (anchor === undefined) return { begin: cursor, end: cursor + 8n };
  return cursor < anchor ? { begin: cursor, end: anchor + 1n } : { begin: anchor, end: cursor + 1n };
}
