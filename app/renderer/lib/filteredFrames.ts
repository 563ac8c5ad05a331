// SPDX-License-Identifier: GPL-2.0-only
// The frames of a range one by one, and those that a filter matches.
import { type FrameList, MOST_LISTED } from '../../contract/api.ts';
import { bitsOf, KPF_NAMES } from '../../contract/format.ts';
import { pfnOf } from '../../contract/paging.ts';
import { ROLE } from '../../contract/roles.ts';
import { cutsAround, piecesOf } from './cuts.ts';
import type { FilteredFrame } from './fields.ts';
import type { Field, Filter } from './filter.ts';

/** The most frames that are shown. */
export const MOST_SHOWN = 10_000;
/** The most frames that are read for one filter: 64 GiB of memory. */
export const MOST_READ = 1 << 24;
/** Frames that are read at a time. */
export const AT_ONCE = MOST_LISTED;

const UNKNOWN = 2 ** 32 - 1;

/** The names of the bits of a word, of which the frames of a machine have few. */
class FlagNames {
  private readonly known = new Map<number, readonly string[]>();

  of(low: number, high: number): readonly string[] | undefined {
    if (low === UNKNOWN && high === UNKNOWN) return undefined;
    // No bit of the upper 11 has a name.
    const key = (high & 0x1fffff) * 2 ** 32 + low;
    const known = this.known.get(key);
    if (known) return known;
    const names = bitsOf(BigInt(key)).flatMap((bit) => KPF_NAMES[bit] ?? []);
    this.known.set(key, names);
    return names;
  }
}

/** A frame of a list. What is derived is computed when asked for: there are millions. */
class ListedFrame implements FilteredFrame {
  at = 0;
  private readonly words: Uint32Array;

  constructor(
    private readonly list: FrameList,
    private readonly names: FlagNames,
    private readonly nameOf: (pid: number) => string,
  ) {
    this.words = new Uint32Array(list.flags.slice().buffer);
  }
  get pfn() {
    return this.list.begin + BigInt(this.at);
  }
  get role() {
    return ROLE.name(this.list.role[this.at] as number);
  }
  get flags() {
    return this.names.of(this.words[2 * this.at] as number, this.words[2 * this.at + 1] as number);
  }
  get mapped() {
    return this.list.mapped[this.at] as number;
  }
  get pid() {
    return this.list.owner[this.at] as number;
  }
  get name() {
    return this.pid ? this.nameOf(this.pid) : undefined;
  }
  /** By itself. */
  copy(): FilteredFrame {
    const { pfn, role, flags, mapped, pid, name } = this;
    return { pfn, role, flags, mapped, pid, name };
  }
}

interface Range {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The parts of a range that a filter does not rule out by the numbers of their frames. */
export function* partsOf({ begin, end }: Range, filter: Filter<FilteredFrame>): Generator<Range> {
  const cuts = cutsAround([...filter.constantsOf('pfn'), ...filter.constantsOf('address').map(pfnOf)], 1n);
  for (const [from, to] of piecesOf(begin, end, cuts)) {
    const frame: FilteredFrame = { pfn: from, role: '', flags: undefined, mapped: 0, pid: 0, name: undefined };
    const byNumber = (field: Field<FilteredFrame>) =>
      field.name === 'pfn' || field.name === 'address' ? field.read(frame) : null;
    if (filter.evaluate(byNumber) !== false) yield { begin: from, end: to };
  }
}

export interface FramesFound {
  /** The first of those that match. */
  readonly frames: readonly FilteredFrame[];
  /** How many match, of those that were read. */
  readonly matching: number;
  readonly read: number;
  /** Frames that were not read. */
  readonly unread: bigint;
}

interface Work extends Range {
  /** Undefined: all frames, until there are enough. */
  readonly filter: Filter<FilteredFrame> | undefined;
  read(begin: bigint, end: bigint): Promise<FrameList>;
  nameOf(pid: number): string;
  /** The most frames that are read for a filter. */
  readonly most: number;
  /** Called from time to time; false ends the work. */
  goesOn(read: number): boolean;
}

/** Undefined if the work was ended. */
export async function filterFrames(work: Work): Promise<FramesFound | undefined> {
  const { filter } = work;
  const frames: FilteredFrame[] = [];
  const names = new FlagNames();
  let [matching, read, unread] = [0, 0, 0n];
  for (const { begin, end } of filter ? partsOf(work, filter) : [work]) {
    let at = begin;
    while (at < end && read < (filter ? work.most : MOST_SHOWN)) {
      const to = at + BigInt(AT_ONCE) < end ? at + BigInt(AT_ONCE) : end;
      const frame = new ListedFrame(await work.read(at, to), names, work.nameOf);
      const count = Number(to - at);
      for (frame.at = 0; frame.at < count; frame.at++) {
        if (filter && !filter.matches(frame)) continue;
        matching++;
        if (frames.length < MOST_SHOWN) frames.push(frame.copy());
      }
      read += count;
      at = to;
      if (!work.goesOn(read)) return undefined;
    }
    unread += end - at;
  }
  return { frames, matching, read, unread };
}
