// SPDX-License-Identifier: GPL-2.0-only
// The pages of an address space that a filter matches. A check knows stretches of pages with one verdict: where that and the
// region decide, no page is read, so that 10^10 reserved pages cost nothing. The others are read one by one.
import { type CheckRows, MOST_ROWS, type Regions, type Rows, type Target } from '../../contract/api.ts';
import { decode, flagsOf, mapsFrame, PAGE_SIZE, pageBytes, pageOf, pagesBetween } from '../../contract/paging.ts';
import { SOURCE } from '../../contract/sources.ts';
import { NOTE, VERDICT } from '../../contract/verdicts.ts';
import { cutsAround, piecesOf } from './cuts.ts';
import type { FilteredPage, RegionFacts } from './fields.ts';
import type { Filter } from './filter.ts';
import { regionType } from './regionTypes.ts';
import { hasSource } from './sources.ts';

/** The most pages that are read for one filter: 16 GiB of memory. */
export const MOST_READ = 1 << 22;

/** Pages of one region that follow each other, with what is known of all of them. */
export interface Stretch {
  readonly va: bigint;
  readonly pages: bigint;
  readonly region: RegionFacts | undefined;
  /** Undefined: the check has dropped them. */
  readonly verdict: number | undefined;
  readonly note: number;
  /** Whether the entry is 0. */
  readonly empty: boolean;
}

interface Checked {
  readonly regionBegin: BigUint64Array;
  readonly regionEnd: BigUint64Array;
}

const AGREE = VERDICT.code('agree');
const NOT_PRESENT = VERDICT.code('notPresent');
const NO_NOTE = NOTE.code('none');

/** Region of each first address. */
function regionsByBegin({ begin, permissions, path }: Regions): ReadonlyMap<bigint, RegionFacts> {
  const facts = (i: number): RegionFacts => {
    const [name, rights] = [path[i] as string, permissions[i] as string];
    return { path: name, permissions: rights, type: regionType(name, rights) };
  };
  return new Map(Array.from(begin, (first, i) => [first, facts(i)]));
}

/** All pages of the check, in stretches. A check lists only what does not plainly agree, by address; the rest agrees. */
export function* stretchesOf(
  { regionBegin, regionEnd }: Checked,
  rows: CheckRows,
  regions: Regions,
): Generator<Stretch> {
  const { runs, runsDropped } = rows;
  const known = regionsByBegin(regions);
  const rest = runsDropped > 0n ? undefined : AGREE;
  let i = 0;
  for (const [r, begin] of regionBegin.entries()) {
    const end = regionEnd[r] as bigint;
    const region = known.get(begin);
    const stretch = (va: bigint, to: bigint, verdict: number | undefined, note: number, empty: boolean): Stretch => ({
      va,
      pages: pagesBetween(va, to),
      region,
      verdict,
      note,
      empty,
    });
    let va = begin;
    // A run may go on in the next region.
    for (; i < runs.va.length && (runs.va[i] as bigint) < end; i++) {
      const first = runs.va[i] as bigint;
      const last = first + pageBytes(runs.pages[i] as bigint);
      const [from, to] = [first > va ? first : va, last < end ? last : end];
      if (from < to) {
        if (from > va) yield stretch(va, from, rest, NO_NOTE, false);
        const [verdict, note] = [runs.verdict[i] as number, runs.note[i] as number];
        const empty = verdict === NOT_PRESENT && note === NO_NOTE && runs.words.tableWalk[i] === 0n;
        yield stretch(from, to, verdict, note, empty);
        va = to;
      }
      if (last > end) break;
    }
    if (va < end) yield stretch(va, end, rest, NO_NOTE, false);
  }
}

/** Cut where the address of a page passes one of these. */
export function* cutAt(stretches: Iterable<Stretch>, addresses: readonly bigint[]): Generator<Stretch> {
  const cuts = cutsAround(addresses.map(pageOf), PAGE_SIZE);
  for (const whole of stretches)
    for (const [va, to] of piecesOf(whole.va, whole.va + pageBytes(whole.pages), cuts))
      yield { ...whole, va, pages: pagesBetween(va, to) };
}

/** A page as a filter sees it. */
export function filteredPage(rows: Rows, i: number, region: RegionFacts | undefined, target: Target): FilteredPage {
  const raw = rows.words.tableWalk[i] as bigint;
  const level = rows.level[i] || 1;
  const page = {
    va: rows.va[i] as bigint,
    region,
    verdict: rows.verdict[i] as number,
    note: rows.note[i] as number,
  };
  if (!hasSource(target, 'tableWalk') || rows.status[i] !== 0)
    return { ...page, pfn: SOURCE.word('pagemap').read(rows.words.pagemap[i] as bigint).frame };
  const { kind, shift } = decode(raw, level, target);
  return {
    ...page,
    kind,
    // It takes longer than all the rest, and few filters ask for it.
    get flags() {
      return flagsOf(raw, level, target, target.release).flatMap((f) => (f.set ? [f.name] : []));
    },
    ...(mapsFrame(kind) && { pfn: rows.pfn[i] as bigint, bytes: 1n << BigInt(shift) }),
  };
}

/** Fields that a stretch knows of all its pages; those of the entry only where there is none. */
const OF_STRETCH: ReadonlySet<string> = new Set(['address', 'name', 'rights', 'type']);
const OF_CHECK: ReadonlySet<string> = new Set(['verdict', 'note']);

/** Whether all pages match, or none; undefined: they must be read. */
export function decide(filter: Filter<FilteredPage>, s: Stretch): boolean | undefined {
  const page: FilteredPage = {
    va: s.va,
    region: s.region,
    verdict: s.verdict ?? 0,
    note: s.note,
    kind: 'none',
    flags: [],
  };
  return filter.evaluate((field) =>
    OF_STRETCH.has(field.name) || s.empty || (s.verdict !== undefined && OF_CHECK.has(field.name))
      ? field.read(page)
      : null,
  );
}

/** Pages that follow each other. */
export interface Found {
  va: bigint;
  pages: bigint;
}

export interface FilterResult {
  /** By address. */
  readonly found: readonly Found[];
  /** Pages that were read, and those that would have to be. */
  readonly read: number;
  readonly unread: bigint;
}

interface Work {
  readonly filter: Filter<FilteredPage>;
  readonly stretches: Iterable<Stretch>;
  readonly target: Target;
  read(vas: BigUint64Array<ArrayBuffer>): Promise<Rows>;
  /** The most pages that are read. */
  readonly most: number;
  /** Called from time to time; false ends the work. */
  goesOn(read: number): boolean;
}

/** Undefined if the work was ended. */
export async function filterPages({
  filter,
  stretches,
  target,
  read,
  most,
  goesOn,
}: Work): Promise<FilterResult | undefined> {
  const found: Found[] = [];
  const add = (va: bigint, pages: bigint) => {
    const last = found.at(-1);
    if (last && last.va + pageBytes(last.pages) === va) last.pages += pages;
    else found.push({ va, pages });
  };
  let done = 0;
  let unread = 0n;
  /** What waits, in the order of addresses: stretches that match as a whole, and pages to be read. */
  let waiting: { readonly va: bigint; readonly pages: bigint; readonly region?: RegionFacts | undefined }[] = [];
  let pages = 0;
  async function flush(): Promise<void> {
    const singles = waiting.filter((w) => 'region' in w);
    const rows = singles.length ? await read(BigUint64Array.from(singles, (w) => w.va)) : undefined;
    let at = 0;
    for (const w of waiting) {
      if (!('region' in w)) add(w.va, w.pages);
      else if (rows && filter.matches(filteredPage(rows, at++, w.region, target))) add(w.va, 1n);
    }
    done += singles.length;
    waiting = [];
    pages = 0;
  }
  for (const stretch of cutAt(stretches, filter.constantsOf('address'))) {
    const all = decide(filter, stretch);
    if (all === false) continue;
    if (all) {
      waiting.push({ va: stretch.va, pages: stretch.pages });
      continue;
    }
    const room = BigInt(Math.max(0, most - done - pages));
    const count = stretch.pages < room ? stretch.pages : room;
    unread += stretch.pages - count;
    for (let i = 0n; i < count; i++) {
      waiting.push({ va: stretch.va + pageBytes(i), pages: 1n, region: stretch.region });
      if (++pages < MOST_ROWS) continue;
      await flush();
      if (!goesOn(done)) return undefined;
    }
  }
  await flush();
  return goesOn(done) ? { found, read: done, unread } : undefined;
}
