// SPDX-License-Identifier: GPL-2.0-only
// What changed between two captures: processes, roots, regions, pages. Pairs are matched by PID and start time.
import { type Difference, type DiffTotals, PAGE_CHANGES, type PageChange } from '../../contract/changes.ts';
import { decode, type Entry, mapsFrame, PAGE_SIZE, pageBytes, pagesBetween, pfnOf } from '../../contract/paging.ts';
import { bySource, type Words } from '../../contract/sources.ts';
import { VERDICT, VERDICTS } from '../../contract/verdicts.ts';
import type { CaptureContents, CapturedSpace } from './captured.ts';
import { STRETCHES_AT_ONCE, type Step, type Stretch, wordsAt } from './pages.ts';

const NOTHING = bySource(() => 0n);
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const EXCLUSIVE = 1n << 56n;
const LOW = (1n << 55n) - 1n;
const ALL = (1n << 64n) - 1n;
/** RW, US, NX. */
const RIGHTS = 2n | 4n | (1n << 63n);
/** By code. */
const UNSURE = VERDICTS.map((name) => VERDICT.word(name).unsure);

interface Side {
  readonly words: Words;
  readonly level: number;
  readonly verdict: number;
}

/** How the page at `va` changed; undefined if it did not. A capture of a memory image has no words of pagemap. */
function changeOf(
  va: bigint,
  a: Side,
  b: Side,
  facts: CaptureContents['begin']['target'],
  sameBoot: boolean,
): PageChange | undefined {
  const byPagemap = a.words.pagemap !== 0n && b.words.pagemap !== 0n;
  const same = (name: keyof Words) => a.words[name] === b.words[name];
  if (same('tableWalk') && (same('pagemap') || (!byPagemap && a.words.tableWalk !== 0n))) return undefined;
  if (UNSURE[a.verdict] || UNSURE[b.verdict]) return 'unsure';
  const [one, other] = [decode(a.words.tableWalk, a.level || 1, facts), decode(b.words.tableWalk, b.level || 1, facts)];
  const [was, is] = [mapsFrame(one.kind), mapsFrame(other.kind)];
  if (!was && !is) {
    if (one.kind !== other.kind)
      return one.kind === 'swap'
        ? 'swappedIn'
        : other.kind === 'swap'
          ? 'swappedOut'
          : one.kind === 'table'
            ? undefined
            : 'kind';
    const slot = (w: Words, { swapOffset, swapType }: Entry) =>
      byPagemap ? (w.pagemap & SWAPPED ? w.pagemap & LOW : 0n) : (swapOffset << 5n) | BigInt(swapType);
    return one.kind === 'swap' && slot(a.words, one) !== slot(b.words, other) ? 'swapMoved' : undefined;
  }
  if (!was) return one.kind === 'swap' ? 'swappedIn' : 'mapped';
  if (!is) return other.kind === 'swap' ? 'swappedOut' : 'unmapped';
  const frame = (w: Words, { pfn, shift }: Entry) =>
    byPagemap ? (w.pagemap & PRESENT ? w.pagemap & LOW : 0n) : pfn + (pfnOf(va) & (pfnOf(1n << BigInt(shift)) - 1n));
  if (sameBoot && frame(a.words, one) !== frame(b.words, other)) return 'moved';
  if (one.shift !== other.shift) return 'resized';
  if (one.kind !== other.kind || (a.words.tableWalk ^ b.words.tableWalk) & RIGHTS) return 'permission';
  return byPagemap && (a.words.pagemap ^ b.words.pagemap) & EXCLUSIVE ? 'sharing' : undefined;
}

const endOf = (s: Stretch) => s.va + pageBytes(s.pages);
const least = (...values: bigint[]) => values.reduce((a, b) => (b < a ? b : a));

/** Pages k of [0, n) of two stretches whose words are alike although those of the other pages are not. */
function* alikeOnes(a: Side, stepA: Step, b: Side, stepB: Step, n: bigint): Generator<bigint> {
  for (const word of ['pagemap', 'tableWalk'] as const) {
    const mask = word === 'tableWalk' ? ALL : LOW;
    const [was, is] = [a.words[word] & mask, b.words[word] & mask];
    const growth = (step: Step) => (step === 'same' || (word === 'tableWalk' && step !== 'frames') ? 0n : 1n);
    const by = (growth(stepA) - growth(stepB)) * (word === 'tableWalk' ? PAGE_SIZE : 1n);
    if (!by || (is - was) % by) continue;
    const k = (is - was) / by;
    if (k >= 0n && k < n) yield k;
  }
}

/** The pages of two captures of one address space that differ, in stretches of one change; null: other work may run. */
function* pageDifferences(
  a: CapturedSpace,
  b: CapturedSpace,
  facts: CaptureContents['begin']['target'],
  sameBoot: boolean,
): Generator<Extract<Difference, { type: 'pages' }> | null> {
  const [left, right] = [a.pages.byAddress(), b.pages.byAddress()];
  const next = (from: Generator<Stretch>): Stretch | undefined => from.next().value as Stretch | undefined;
  let [s, t] = [next(left), next(right)];
  let open: Extract<Difference, { type: 'pages' }> | undefined;
  const side = (x: Stretch | undefined, va: bigint): Side => {
    if (!x || va < x.va) return { words: NOTHING, level: 0, verdict: VERDICTS.indexOf('notPresent') };
    return { words: wordsAt(x, pagesBetween(x.va, va)), level: x.level, verdict: x.verdict };
  };
  let va = least(s?.va ?? 0n, t?.va ?? 0n);
  for (let seen = 1; s || t; seen++) {
    if (seen % STRETCHES_AT_ONCE === 0) yield null;
    const both = [s, t].filter((x) => x !== undefined);
    va = least(...both.map((x) => (x.va > va ? x.va : va)));
    // Up to where one of them begins or ends.
    const end = least(...both.map((x) => (x.va > va ? x.va : endOf(x))));
    // If the words of both continue alike, all pages are as the first one; otherwise all but single pages are.
    const step = (x: Stretch | undefined): Step => (x && x.va <= va ? x.step : 'same');
    const cuts = new Set([va, end]);
    for (const k of alikeOnes(side(s, va), step(s), side(t, va), step(t), pagesBetween(va, end)))
      cuts.add(va + pageBytes(k)).add(va + pageBytes(k + 1n));
    const steps = [...cuts].sort((one, other) => (one < other ? -1 : 1));
    for (const [i, to] of steps.entries()) {
      const from = steps[i - 1];
      if (from === undefined) continue;
      const [before, after] = [side(s, from), side(t, from)];
      const change = changeOf(from, before, after, facts, sameBoot);
      if (!change) continue;
      const pages = pagesBetween(from, to);
      if (open && open.change === change && open.va + pageBytes(open.pages) === from) {
        open = { ...open, pages: open.pages + pages };
        continue;
      }
      if (open) yield open;
      open = { type: 'pages', pid: a.pid, va: from, pages, change, before: before.words, after: after.words };
    }
    va = end;
    while (s && endOf(s) <= va) s = next(left);
    while (t && endOf(t) <= va) t = next(right);
  }
  if (open) yield open;
}

function* regionDifferences(a: CapturedSpace, b: CapturedSpace): Generator<Extract<Difference, { end: bigint }>> {
  const list = ({ regions: r }: CapturedSpace) =>
    new Map(
      Array.from(r.begin, (begin, i) => [
        `${begin} ${r.end[i]} ${r.path[i]}`,
        { begin, end: r.end[i] as bigint, permissions: r.permissions[i] as string, path: r.path[i] as string },
      ]),
    );
  const [before, after] = [list(a), list(b)];
  const { pid } = a;
  for (const [key, { begin, end, permissions, path }] of before) {
    const now = after.get(key);
    if (!now) yield { type: 'regionGone', pid, begin, end, before: permissions, after: '', path };
    else if (now.permissions !== permissions)
      yield { type: 'regionChanged', pid, begin, end, before: permissions, after: now.permissions, path };
  }
  for (const [key, { begin, end, permissions, path }] of after)
    if (!before.has(key)) yield { type: 'regionCome', pid, begin, end, before: '', after: permissions, path };
}

/**
 * All differences between two captures. The last value is the totals. Between captures of different boots, frame numbers
 * are not compared. A process that only one of them captured is reported as not comparable. A null in between is not a
 * difference: other work may run.
 */
export function* diffSteps(a: CaptureContents, b: CaptureContents): Generator<Difference | null, DiffTotals> {
  const [before, after] = [a.begin.processes, b.begin.processes];
  const [bootA, bootB] = [a.begin.target.bootId, b.begin.target.bootId];
  const sameBoot = bootA === bootB;
  if (!sameBoot) yield { type: 'boot', before: bootA, after: bootB };
  const totals = {
    paired: 0,
    gone: 0,
    come: 0,
    executed: 0,
    regions: 0,
    pages: Object.fromEntries(PAGE_CHANGES.map((change) => [change, 0n])) as Record<PageChange, bigint>,
  };
  const [atBefore, atAfter] = [before, after].map((list) => new Map(Array.from(list.pid, (pid, i) => [pid, i]))) as [
    Map<number, number>,
    Map<number, number>,
  ];
  const startOf = (list: typeof before, pid: number) =>
    list.startTicks[(list === before ? atBefore : atAfter).get(pid) ?? -1];
  const listed = (list: typeof before, i: number, other: typeof before) => {
    const [pid, startTicks] = [list.pid[i] as number, list.startTicks[i] as bigint];
    return {
      pid,
      startTicks,
      name: list.name[i] as string,
      parent: list.ppid[i] as number,
      reused: startOf(other, pid) !== undefined,
    };
  };
  const key = (pid: number, startTicks: bigint) => `${pid} ${startTicks}`;
  const [spacesA, spacesB] = [a, b].map(({ spaces }) => {
    const checked = spaces.filter((s) => s.summary).reverse(); // the first of several counts
    return new Map(checked.map((s) => [key(s.pid, s.startTicks), s]));
  }) as [Map<string, CapturedSpace>, Map<string, CapturedSpace>];
  for (const [i, pid] of before.pid.entries()) {
    const startTicks = before.startTicks[i] as bigint;
    if (!sameBoot || startOf(after, pid) !== startTicks) {
      totals.gone++;
      yield { type: 'processGone', ...listed(before, i, after), parent: 0 };
      continue;
    }
    totals.paired++;
    const [one, other] = [spacesA, spacesB].map((spaces) => spaces.get(key(pid, startTicks)));
    if (!one && !other) continue; // a kernel thread, or nobody asked for it
    if (!one || !other) {
      yield { type: 'notCaptured', ...listed(before, i, after), parent: 0, reused: false };
      continue;
    }
    const [rootA = 0n, rootB = 0n] = [one.summary?.rootPa, other.summary?.rootPa];
    if (rootA !== rootB) {
      totals.executed++;
      const at = atAfter.get(pid) ?? -1;
      yield { type: 'exec', pid, name: after.name[at] ?? '', before: rootA, after: rootB };
      continue; // another program in another address space: nothing in it is a change of the old one
    }
    for (const difference of regionDifferences(one, other)) {
      totals.regions++;
      yield difference;
    }
    for (const difference of pageDifferences(one, other, a.begin.target, sameBoot)) {
      if (difference) totals.pages[difference.change] += difference.pages;
      yield difference;
    }
  }
  for (const [i, pid] of after.pid.entries())
    if (!sameBoot || startOf(before, pid) !== after.startTicks[i]) {
      totals.come++;
      yield { type: 'processCome', ...listed(after, i, before) };
    }
  return totals;
}

/** The same, without pauses for other work. */
export function* diffCaptures(a: CaptureContents, b: CaptureContents): Generator<Difference, DiffTotals> {
  const steps = diffSteps(a, b);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (value) yield value;
  }
}
