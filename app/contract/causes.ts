// SPDX-License-Identifier: GPL-2.0-only
// Why pages changed: what the kernel was seen to do between two samples, or all causes that fit.
import type { WatchEvent } from './api.ts';
import { type Effect, type EffectKind, effectsOf } from './effects.ts';
import { isWritable, mapsFrame, PAGE_SHIFT } from './paging.ts';
import {
  type CauseRecord,
  causeRecords,
  FAULT,
  isProtecting,
  PROTECTION,
  type RecordKind,
  sayRecord,
  UFFD,
  UFFD_SOURCE,
} from './records.ts';
import { isZeroPage, type PageState, pageStates } from './watch.ts';

export interface Cause {
  /** `seen` if records show what did all of it; what the processor does by itself, setting A and D, needs none. */
  readonly how: 'seen' | 'inferred';
  /** "seen: write fault by thread 4077, 0.3 ms before → a frame of its own was mapped". */
  readonly text: string;
  /** What is different. */
  readonly effects: readonly string[];
  /** What was seen, or else all that fits. */
  readonly causes: readonly string[];
}

export interface PageChange {
  readonly from: PageState;
  readonly to: PageState;
  readonly cause: Cause;
}

const fits = (...kinds: EffectKind[]): ReadonlySet<EffectKind> => new Set(kinds);

/** What a step of this kind can do to a page. */
const CAN: Record<RecordKind, ReadonlySet<EffectKind>> = {
  fault: fits('appeared', 'swappedIn', 'markerGone', 'access', 'accessed'),
  mapped: fits('appeared', 'accessed'),
  zapped: fits('gone', 'slotGone', 'markerGone', 'markerCame', 'split'),
  protected: fits('readOnly', 'writable', 'execution', 'noAccess', 'access', 'split'),
  forked: fits('readOnly', 'sharing'),
  unmapped: fits('gone', 'swappedOut', 'markerCame', 'split', 'unaccessed'),
  migrating: fits('moving', 'gone', 'split'),
  migrated: fits('moved', 'frame', 'appeared'),
  split: fits('split'),
  collapsed: fits('grew', 'appeared', 'gone', 'ownFrame', 'frame'),
  merged: fits('frame', 'readOnly', 'clean', 'sharing'),
  unmerged: fits('frame', 'writable', 'ownFrame'),
  freed: fits('clean', 'unaccessed', 'slotGone', 'split'),
  cooled: fits('unaccessed', 'split'),
  refsCleared: fits('unaccessed', 'softClean', 'readOnly', 'split'),
  aged: fits('unaccessed'),
  cleaned: fits('clean', 'readOnly'),
  userfault: fits('appeared', 'markerGone', 'markerCame', 'uffdProtected', 'uffdLifted', 'split'),
  movedAway: fits('gone', 'slotGone', 'markerGone', 'split'),
  movedHere: fits('appeared', 'slotCame', 'markerCame'),
  swappedOff: fits('swappedIn'),
  guarded: fits('markerCame'),
  unguarded: fits('markerGone'),
};
const WRITES = fits('ownFrame', 'frame', 'writable', 'written', 'softDirty', 'split', 'uffdLifted');
/** What the processor does without the kernel. */
const HARDWARE = fits('accessed', 'written');

const REMOVES: ReadonlySet<RecordKind> = new Set<RecordKind>(['zapped', 'unmapped', 'movedAway']);
const FILLS: ReadonlySet<RecordKind> = new Set<RecordKind>(['fault', 'mapped', 'movedHere', 'swappedOff']);
const isSource = (r: CauseRecord) => r.kind === 'userfault' && (r.detail & UFFD_SOURCE) !== 0n;
const removes = (r: CauseRecord) => REMOVES.has(r.kind) || isSource(r);
const fills = (r: CauseRecord) =>
  FILLS.has(r.kind) ||
  (r.kind === 'userfault' &&
    !isSource(r) &&
    [UFFD.copy, UFFD.zeropage, UFFD.move, UFFD.continue].includes(Number(r.detail) as typeof UFFD.copy));

function userfaultCan(record: CauseRecord, kind: EffectKind): boolean {
  if (isSource(record)) return kind === 'gone' || kind === 'slotGone' || kind === 'split';
  switch (Number(record.detail)) {
    case UFFD.writeprotect:
      return ['uffdProtected', 'uffdLifted', 'markerCame', 'markerGone', 'split'].includes(kind);
    case UFFD.unregister:
      return kind === 'uffdLifted' || kind === 'markerGone';
    case UFFD.poison:
      return kind === 'markerCame';
    default:
      return kind === 'appeared' || kind === 'markerGone';
  }
}

function protectionCan({ detail, syscall, argument }: CauseRecord, kind: EffectKind): boolean {
  if (detail & PROTECTION.numa) return kind === 'noAccess' || kind === 'split';
  if (detail & PROTECTION.uffdProtect) return ['uffdProtected', 'markerCame', 'split'].includes(kind);
  if (detail & PROTECTION.uffdResolve) return ['uffdLifted', 'markerGone', 'split'].includes(kind);
  if (syscall !== undefined && isProtecting(syscall)) {
    const access = argument & 7n;
    if (kind === 'writable' && !(access & 2n)) return false;
    if (kind === (access ? 'noAccess' : 'access')) return false;
  }
  return CAN.protected.has(kind);
}

/** Whether this step can have done this to the page. */
function can(record: CauseRecord, kind: EffectKind, from: PageState, to: PageState): boolean {
  switch (record.kind) {
    case 'fault': {
      if (CAN.fault.has(kind)) return true;
      const copies = record.detail & (FAULT.write | FAULT.unshare);
      if (!copies || !WRITES.has(kind)) return false;
      // A frame that may be written is written in place.
      return kind !== 'frame' || (from.kind === 'leaf' && !isWritable(from.raw));
    }
    case 'userfault':
      return userfaultCan(record, kind);
    case 'protected':
      return protectionCan(record, kind);
    case 'merged':
      // The one that is kept only becomes read-only.
      return CAN.merged.has(kind) && (kind !== 'frame' || record.detail !== 0n || !isWritable(to.raw));
    default:
      return CAN[record.kind].has(kind);
  }
}

/** What a huge page does not do as a whole: a part of it can go by itself. */
const PARTIAL = fits('gone', 'swappedOut', 'moving', 'markerCame');

/** The pages whose change is also this one's. */
function reach(kind: EffectKind, from: PageState, to: PageState): { begin: bigint; end: bigint } {
  const shifts = [from, to].map((p) => (mapsFrame(p.kind) ? p.shift : 0));
  const shift = BigInt(PARTIAL.has(kind) ? PAGE_SHIFT : Math.max(...shifts, Number(PAGE_SHIFT)));
  const begin = (to.va >> shift) << shift;
  return { begin, end: begin + (1n << shift) };
}

type Test = (record: CauseRecord) => boolean;
const is =
  (...kinds: RecordKind[]): Test =>
  (record) =>
    kinds.includes(record.kind);
/** Steps that are a part of others, and say nothing beside them. */
const PARTS: readonly [Test, Test][] = [
  // mremap moves the entries, and then unmaps what it has left behind.
  [is('movedAway'), is('zapped')],
  // Who asks for A to be cleared looks at it.
  [is('cooled', 'freed', 'refsCleared', 'unmapped'), is('aged')],
  // A fault maps the page itself, too.
  [is('fault'), is('mapped')],
];

/** The steps that explain a difference, oldest first; empty if none does. */
function explain(kind: EffectKind, from: PageState, to: PageState, records: readonly CauseRecord[]): CauseRecord[] {
  const { begin, end } = reach(kind, from, to);
  const here = records.filter((r) => !r.somewhere && r.begin < end && begin < r.end);
  let fitting = here.filter((r) => can(r, kind, from, to));
  for (const [main, part] of PARTS) if (fitting.some(main)) fitting = fitting.filter((r) => !part(r));
  // Somewhere a huge page was made of small ones: it may be this one, whatever page of it was touched.
  if (kind === 'appeared' && to.shift > PAGE_SHIFT && records.some((r) => r.somewhere && r.kind === 'collapsed'))
    fitting = fitting.filter((r) => r.kind !== 'fault');
  const both = mapsFrame(from.kind) && mapsFrame(to.kind);
  if (!both || !['frame', 'ownFrame', 'grew', 'split'].includes(kind)) return fitting;
  // If it was unmapped on the way, what filled it again is not the copy or the merge that it looks like.
  const exact = (r: CauseRecord) => r.begin <= to.va && to.va < r.end;
  const removed = here.filter((r) => removes(r) && exact(r)).at(-1);
  if (!removed || (kind === 'split' && from.pfn === to.pfn)) return fitting;
  const filled = here.filter((r) => fills(r) && r.ns >= removed.ns);
  return filled.length ? [removed, ...filled] : fitting;
}

/** What became of the page, as those who did it show: if all of them are known. */
function sayEffect({ kind, text }: Effect, by: readonly CauseRecord[], lost: boolean): string {
  if (lost) return text;
  if (kind === 'readOnly' && by.some((r) => r.kind === 'merged')) return 'read-only: equal pages share its frame';
  if (kind !== 'frame' && kind !== 'ownFrame' && kind !== 'grew') return text;
  if (by.some(removes)) return `${text}: mapped anew`;
  if (kind === 'frame' && by.every((r) => r.kind === 'fault')) return 'copy on write: a frame of its own';
  if (kind === 'frame' && by.some((r) => r.kind === 'unmerged')) return 'a frame of its own again';
  if (kind === 'frame' && by.some((r) => r.kind === 'merged')) return 'the frame that equal pages share';
  return text;
}

const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

function sayWhen(ns: bigint): string {
  if (ns <= 0n) return 'during the sample';
  const ms = Number(ns) / 1e6;
  return ms < 100 ? `${ms.toFixed(1)} ms before` : `${(ms / 1000).toFixed(1)} s before`;
}

const byTime = (a: CauseRecord, b: CauseRecord): number => (a.ns < b.ns ? -1 : Number(a.ns > b.ns));

const MOST_STEPS = 4;

/** The steps in the order in which they were taken, each thread's repetition once. */
function saySteps(steps: readonly CauseRecord[], watched: number, at: bigint): string[] {
  const said = new Map<string, bigint>();
  for (const step of steps) said.set(sayRecord(step, watched), step.ns);
  const all = [...said].map(([words, ns]) => `${words}, ${sayWhen(at - ns)}`);
  return all.length > MOST_STEPS ? [...all.slice(0, MOST_STEPS), `${all.length - MOST_STEPS} more steps`] : all;
}

/**
 * Why a page of process `watched` changed. `records` are those between the two samples, of which some may be `lost`; `other`
 * is where the same frame is mapped now or was before.
 */
export function causeOf(
  from: PageState,
  to: PageState,
  watched: number,
  records: readonly CauseRecord[] = [],
  other?: bigint,
  lost = false,
): Cause {
  const effects = effectsOf(from, to, other);
  const steps = new Set<CauseRecord>();
  const explained: string[] = [];
  const open: Effect[] = [];
  for (const effect of effects) {
    const by = explain(effect.kind, from, to, records);
    for (const step of by) steps.add(step);
    if (by.length) explained.push(sayEffect(effect, by, lost));
    else open.push(effect);
  }
  // The processor sets A and D when the page is used after what was seen.
  const byItself = steps.size ? open.filter((e) => HARDWARE.has(e.kind)) : [];
  const unknown = open.filter((e) => !byItself.includes(e));
  const parts: string[] = [];
  const causes: string[] = [];
  if (steps.size) {
    const said = saySteps([...steps].sort(byTime), watched, to.ns);
    causes.push(...said);
    parts.push(`seen: ${said.join(', then ')} → ${[...explained, ...byItself.map((e) => e.text)].join('; ')}`);
  }
  for (const { kind, text, causes: all } of unknown) {
    const hints = records.filter((r) => r.somewhere && can(r, kind, from, to));
    const said = saySteps(hints, watched, to.ns).map((words) => `${words}, somewhere in this process`);
    causes.push(...said, ...all);
    const fitting = said.length ? `${said.join('; ')}; or another cause` : list(all);
    parts.push(`inferred: ${text}${fitting ? `: ${fitting}` : ''}`);
  }
  return {
    how: unknown.length ? 'inferred' : 'seen',
    text: parts.join('; '),
    effects: effects.map((e) => e.text),
    causes,
  };
}

/** Frames that one page alone maps: only those tell where a page was moved to. */
const isOwn = (p: PageState) => mapsFrame(p.kind) && !isZeroPage(p) && (p.count === undefined || p.count <= 1n);

/** The records of a batch, for looking up those about a page: most are about others. */
class RecordIndex {
  private readonly wide: CauseRecord[] = [];
  private readonly blocks = new Map<bigint, CauseRecord[]>();

  constructor(records: readonly CauseRecord[]) {
    for (const record of records) {
      const [first, last] = [record.begin >> HUGE_SHIFT, (record.end - 1n) >> HUGE_SHIFT];
      if (record.somewhere || last - first > MOST_BLOCKS) {
        this.wide.push(record);
        continue;
      }
      for (let block = first; block <= last; block++) {
        const those = this.blocks.get(block);
        if (those) those.push(record);
        else this.blocks.set(block, [record]);
      }
    }
  }

  /** Those about the huge page that `va` may be in, oldest first. */
  near(va: bigint): CauseRecord[] {
    const block = this.blocks.get(va >> HUGE_SHIFT) ?? [];
    if (!this.wide.length) return block;
    return [...this.wide, ...block].sort(byTime);
  }
}
const HUGE_SHIFT = 21n;
const MOST_BLOCKS = 16n;

/** What changed from the `last` states to these, which are one sample of process `watched`, and why. */
export function changesOf(
  states: readonly PageState[],
  last: ReadonlyMap<bigint, PageState>,
  watched: number,
  records: readonly CauseRecord[] = [],
  lost = 0n,
): PageChange[] {
  const changed = states.flatMap((to) => {
    const from = last.get(to.va);
    return from && !isSame(from, to) ? [{ from, to }] : [];
  });
  const left = new Map<bigint, bigint>();
  const came = new Map<bigint, bigint>();
  for (const { from, to } of changed) {
    if (isOwn(from) && !mapsFrame(to.kind)) left.set(from.pfn, from.va);
    if (isOwn(to) && !mapsFrame(from.kind)) came.set(to.pfn, to.va);
  }
  const index = new RecordIndex(records);
  return changed.map(({ from, to }) => {
    const other = !mapsFrame(from.kind) ? left.get(to.pfn) : !mapsFrame(to.kind) ? came.get(from.pfn) : undefined;
    return { from, to, cause: causeOf(from, to, watched, index.near(to.va), other, lost > 0n) };
  });
}

export interface Sample {
  readonly states: readonly PageState[];
  /** Those that are seen for the first time, or shown as they were found. */
  readonly found: ReadonlySet<PageState>;
  readonly changes: readonly PageChange[];
}

/** One sample of process `watched`. `last` has its pages as they were, and then as they are. */
export function takeSample(
  batch: Pick<WatchEvent, 'ns' | 'initial' | 'rows' | 'flags' | 'counts' | 'records' | 'lost'>,
  last: Map<bigint, PageState>,
  watched: number,
): Sample {
  const states = pageStates(batch.rows, batch.flags, batch.counts, batch.ns);
  const found = new Set(states.filter(({ va }) => batch.initial || !last.has(va)));
  const changes = batch.initial ? [] : changesOf(states, last, watched, causeRecords(batch.records), batch.lost);
  for (const state of states) last.set(state.va, state);
  return { states, found, changes };
}

/** A sample reads its words in several steps, and may report a page whose words are equal again. */
const isSame = (a: PageState, b: PageState) =>
  a.raw === b.raw && a.pagemap === b.pagemap && a.kind === b.kind && a.shift === b.shift && a.pfn === b.pfn;
