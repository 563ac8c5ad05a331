// What changed between two captures: processes, roots, regions, pages. Pairs are matched by PID and start time.
import { type Difference, type DiffTotals, PAGE_CHANGES, type PageChange } from '../../contract/changes.ts';
import { decode, mapsFrame } from '../../contract/paging.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import type { CaptureContents, CapturedSpace } from './captured.ts';
import { type PageWords, type Stretch, wordsAt } from './pages.ts';

const NOTHING: PageWords = { pagemap: 0n, kernel: 0n, entry: 0n };
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const EXCLUSIVE = 1n << 56n;
const LOW = (1n << 55n) - 1n;
/** RW, US, NX. */
const RIGHTS = 2n | 4n | (1n << 63n);
const UNSURE = new Set([VERDICTS.indexOf('changedBetween'), VERDICTS.indexOf('notComparable')]);

interface Side {
  readonly words: PageWords;
  readonly level: number;
  readonly verdict: number;
}

/** What became of one page; undefined where nothing did. */
function changeOf(
  a: Side,
  b: Side,
  facts: CaptureContents['begin']['target'],
  sameBoot: boolean,
): PageChange | undefined {
  if (a.words.pagemap === b.words.pagemap && a.words.entry === b.words.entry) return undefined;
  if (UNSURE.has(a.verdict) || UNSURE.has(b.verdict)) return 'unsure';
  const [one, other] = [decode(a.words.entry, a.level || 1, facts), decode(b.words.entry, b.level || 1, facts)];
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
    const slot = (w: PageWords) => (w.pagemap & SWAPPED ? w.pagemap & LOW : 0n);
    return one.kind === 'swap' && slot(a.words) !== slot(b.words) ? 'swapMoved' : undefined;
  }
  if (!was) return one.kind === 'swap' ? 'swappedIn' : 'mapped';
  if (!is) return other.kind === 'swap' ? 'swappedOut' : 'unmapped';
  const frame = (w: PageWords) => (w.pagemap & PRESENT ? w.pagemap & LOW : 0n);
  if (sameBoot && frame(a.words) !== frame(b.words)) return 'moved';
  if (one.shift !== other.shift) return 'resized';
  if (one.kind !== other.kind || (a.words.entry ^ b.words.entry) & RIGHTS) return 'permission';
  return (a.words.pagemap ^ b.words.pagemap) & EXCLUSIVE ? 'sharing' : undefined;
}

const byAddress = (space: CapturedSpace): Stretch[] =>
  [...space.pages.stretches()].sort((a, b) => (a.va < b.va ? -1 : a.va > b.va ? 1 : 0));
const endOf = (s: Stretch) => s.va + (s.pages << 12n);
const least = (...values: bigint[]) => values.reduce((a, b) => (b < a ? b : a));

/** The pages of two captures of one address space that differ, in stretches of one change. */
function* pageDifferences(
  a: CapturedSpace,
  b: CapturedSpace,
  facts: CaptureContents['begin']['target'],
  sameBoot: boolean,
): Generator<Extract<Difference, { type: 'pages' }>> {
  const [left, right] = [byAddress(a), byAddress(b)];
  let [i, k] = [0, 0];
  let open: Extract<Difference, { type: 'pages' }> | undefined;
  const side = (s: Stretch | undefined, va: bigint): Side => {
    if (!s || va < s.va) return { words: NOTHING, level: 0, verdict: VERDICTS.indexOf('notPresent') };
    return { words: wordsAt(s, (va - s.va) >> 12n), level: s.level, verdict: s.verdict };
  };
  let va = least(left[0]?.va ?? 0n, right[0]?.va ?? 0n);
  while (i < left.length || k < right.length) {
    const [s, t] = [left[i], right[k]];
    va = least(...[s, t].flatMap((x) => (x ? [x.va > va ? x.va : va] : [])));
    // Up to where one of them begins or ends.
    const end = least(...[s, t].flatMap((x) => (x ? [x.va > va ? x.va : endOf(x)] : [])));
    // Where the words of both go on alike, what is true of the first page is true of all.
    const alike = (x: Stretch | undefined) => (x && x.va <= va ? x.step : 'same');
    const steps = alike(s) === alike(t) ? [[va, end] as const] : eachPage(va, end);
    for (const [from, to] of steps) {
      const [before, after] = [side(s, from), side(t, from)];
      const change = changeOf(before, after, facts, sameBoot);
      if (!change) continue;
      const pages = (to - from) >> 12n;
      if (open && open.change === change && open.va + (open.pages << 12n) === from) {
        open = { ...open, pages: open.pages + pages };
        continue;
      }
      if (open) yield open;
      open = { type: 'pages', pid: a.pid, va: from, pages, change, before: before.words, after: after.words };
    }
    va = end;
    while (i < left.length && endOf(left[i] as Stretch) <= va) i++;
    while (k < right.length && endOf(right[k] as Stretch) <= va) k++;
  }
  if (open) yield open;
}

function* eachPage(begin: bigint, end: bigint): Generator<readonly [bigint, bigint]> {
  for (let va = begin; va < end; va += 4096n) yield [va, va + 4096n];
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
 * All that differs between two captures. The last value is the totals. Where they are of different boots, frame numbers
 * are not compared. Of processes that only one of them captured it is told that they can't be compared.
 */
export function* diffCaptures(a: CaptureContents, b: CaptureContents): Generator<Difference, DiffTotals> {
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
  const startOf = (list: typeof before, pid: number) => list.startTicks[list.pid.indexOf(pid)];
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
  const captured = (contents: CaptureContents, pid: number, startTicks: bigint) =>
    contents.spaces.find((s) => s.pid === pid && s.startTicks === startTicks && s.summary);
  for (const [i, pid] of before.pid.entries()) {
    const startTicks = before.startTicks[i] as bigint;
    if (!sameBoot || startOf(after, pid) !== startTicks) {
      totals.gone++;
      yield { type: 'processGone', ...listed(before, i, after), parent: 0 };
      continue;
    }
    totals.paired++;
    const [one, other] = [captured(a, pid, startTicks), captured(b, pid, startTicks)];
    if (!one && !other) continue; // a kernel thread, or nobody asked for it
    if (!one || !other) {
      yield { type: 'notCaptured', ...listed(before, i, after), parent: 0, reused: false };
      continue;
    }
    const [rootA = 0n, rootB = 0n] = [one.summary?.rootPa, other.summary?.rootPa];
    if (rootA !== rootB) {
      totals.executed++;
      const at = after.pid.indexOf(pid);
      yield { type: 'exec', pid, name: after.name[at] as string, before: rootA, after: rootB };
      continue; // another program in another address space: nothing in it is a change of the old one
    }
    for (const difference of regionDifferences(one, other)) {
      totals.regions++;
      yield difference;
    }
    for (const difference of pageDifferences(one, other, a.begin.target, sameBoot)) {
      totals.pages[difference.change] += difference.pages;
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
