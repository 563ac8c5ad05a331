// The state of the window and what can be done to it. Data flows one way: actions call the explorer, results land here.
import { create } from 'zustand';
import type {
  CheckRows,
  CheckSummary,
  Failure,
  Processes,
  Regions,
  SearchEvent,
  Target,
  Translation,
} from '../contract/api.ts';
import { parseLevel } from '../contract/explain.ts';
import type { LabName } from '../contract/labs.ts';
import { type Place, parseLink } from '../contract/link.ts';
import { mapsFrame, pagesBetween, physicalAddress } from '../contract/paging.ts';
import { type Pattern, sayHit } from '../contract/pattern.ts';
import { ENTRY_KINDS, VERDICTS, type Verdict } from '../contract/verdicts.ts';
import { explorer, failure, openClient } from './lib/client.ts';
import type { Destination } from './lib/query.ts';
import { askOwners, closeOwners, openAddress, openFrame } from './memory.ts';
import { followTrace, followWatch, startLab } from './time.ts';

export interface Space {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
}

export interface CheckState {
  readonly id: string;
  readonly done: bigint;
  readonly total: bigint;
  readonly counts: BigUint64Array;
  readonly summary?: CheckSummary;
  readonly rows?: CheckRows;
  readonly error?: Failure;
}

export interface SearchState {
  readonly id: string;
  /** What was searched; undefined: physical memory. */
  readonly space?: Space;
  readonly done: bigint;
  readonly total: bigint;
  readonly hits: readonly { address: bigint; pa: bigint; bytes: string; text: string }[];
  readonly end?: NonNullable<SearchEvent['end']>;
}

/** The chosen process, or every one. */
export type ExportScope = 'process' | 'all';

export type Theme = 'system' | 'light' | 'dark';

/** What the middle of the window shows. */
export const VIEWS = {
  space: 'Address space',
  tables: 'Tables',
  memory: 'Physical memory',
  cpus: 'CPUs',
  trace: 'Trace',
  watch: 'Watch',
  compare: 'Compare',
  labs: 'Labs',
} as const;
export type View = keyof typeof VIEWS;
/** Views that need a machine, not a capture of one. */
const LIVE_VIEWS: ReadonlySet<string> = new Set<View>(['labs']);

/** The views of this target, with their names. */
export const viewsOf = (target: Target | undefined): [View, string][] =>
  (Object.entries(VIEWS) as [View, string][]).filter(([view]) => !target?.capture || !LIVE_VIEWS.has(view));

interface State {
  view: View;
  target?: Target;
  processes?: Processes;
  space?: Space;
  regions?: Regions;
  regionsError?: Failure;
  /** Index into regions. */
  region: number;
  /** Show only pages of this verdict, of the whole address space. */
  only?: Verdict;
  check?: CheckState;
  /** The address that translation and its table row are about. */
  va?: bigint;
  translation?: Translation;
  translationError?: Failure;
  /** Frames that the map of physical memory shows; undefined: all. */
  memoryRange?: { readonly begin: bigint; readonly end: bigint };
  /** What the export dialog is about; undefined: it is closed. */
  exporting: ExportScope | undefined;
  /** The entry that is explained; without a level the likeliest. */
  explaining?: { readonly raw: bigint; readonly level?: number };
  searching: boolean;
  /** Whether it is shown what the process shares with another. */
  sharing: boolean;
  /** The search made last. */
  search?: SearchState;
  notice?: Failure;
  lost?: string;
  theme: Theme;
}

const THEME_KEY = 'cr3scope.theme';

function savedTheme(): Theme {
  const saved = localStorage.getItem(THEME_KEY);
  return saved === 'light' || saved === 'dark' ? saved : 'system';
}

export const useStore = create<State>(() => ({
  view: 'space',
  region: 0,
  exporting: undefined,
  searching: false,
  sharing: false,
  theme: savedTheme(),
}));

const set = useStore.setState;
const get = useStore.getState;

/** Connects and begins to follow the process list. */
export async function begin(): Promise<void> {
  try {
    const client = await openClient((lost) => set({ lost }));
    set({ target: await client.call('target', {}) });
  } catch (error) {
    set({ lost: failure(error).message });
    return;
  }
  const client = explorer();
  client.on('check', (event) => {
    const { check } = get();
    if (!check || check.id !== event.id) return;
    const update: CheckState = { ...check, done: event.done, total: event.total, counts: event.counts };
    if (!event.end) set({ check: update });
    else if ('error' in event.end) set({ check: { ...update, counts: check.counts, error: event.end.error } });
    else {
      const { summary } = event.end;
      set({ check: { ...update, summary } });
      if (get().va === undefined) void selectVa(firstMapped(summary));
      explorer()
        .call('checkRows', { id: event.id })
        .then(
          (rows) => {
            const now = get().check;
            if (now?.id === event.id) set({ check: { ...now, rows } });
          },
          () => undefined, // the next check has taken its place
        );
    }
  });
  client.on('search', (event) => {
    const { search } = get();
    if (!search || search.id !== event.id) return;
    const hits = Array.from(event.address, (address, i) => ({
      address,
      pa: event.pa[i] as bigint,
      ...sayHit(event, i),
    }));
    const update = { ...search, done: event.done, total: event.total, hits: [...search.hits, ...hits] };
    set({ search: event.end ? { ...update, end: event.end } : update });
  });
  const follow = (link: string) => {
    const place = parseLink(link);
    if (place) void visit(place);
  };
  client.on('watch', followWatch);
  client.on('trace', followTrace);
  client.on('visit', ({ link }) => follow(link));
  await refreshProcesses();
  const wanted = decodeURIComponent(window.location.hash.slice(1));
  if (parseLink(wanted)) return follow(wanted);
  const { processes } = get();
  const first = processes?.rootPa.findIndex((root) => root !== 0n) ?? -1;
  if (processes && first >= 0)
    selectProcess({
      pid: processes.pid[first] as number,
      startTicks: processes.startTicks[first] as bigint,
      name: processes.name[first] as string,
    });
}

/** Something to look at first: the start of the first region whose pages are all mapped, else of the first region. */
function firstMapped(summary: CheckSummary): bigint {
  const at = summary.regionBegin.findIndex(
    (begin, i) => summary.regionCounts[i * VERDICTS.length] === pagesBetween(begin, summary.regionEnd[i] as bigint),
  );
  return summary.regionBegin[Math.max(0, at)] as bigint;
}

export async function refreshProcesses(): Promise<void> {
  try {
    set({ processes: await explorer().call('processes', {}) });
  } catch (error) {
    set({ notice: failure(error) });
  }
}

/** Makes a process the one that is looked at, reads its regions and checks it. */
export async function selectProcess(space: Space): Promise<void> {
  cancelCheck();
  set({
    space,
    region: 0,
    only: undefined,
    regions: undefined,
    regionsError: undefined,
    check: undefined,
    va: undefined,
    translation: undefined,
    translationError: undefined,
  });
  try {
    const regions = await explorer().call('regions', { pid: space.pid, startTicks: space.startTicks });
    if (get().space !== space) return;
    set({ regions });
    if (regions.begin.length === 0) return;
    await startCheck();
  } catch (error) {
    if (get().space === space) set({ regionsError: failure(error) });
  }
}

/** Checks the whole address space; `bytes` compares the bytes of its pages, too. */
export async function startCheck(bytes = false): Promise<void> {
  const { space } = get();
  if (!space) return;
  cancelCheck();
  try {
    const id = crypto.randomUUID();
    set({ check: { id, done: 0n, total: 0n, counts: new BigUint64Array(VERDICTS.length) } });
    await explorer().call('startCheck', { id, ...spaceOf(space), begin: 0n, end: 1n << 63n, bytes });
  } catch (error) {
    set({ check: undefined, notice: failure(error) });
  }
}

export function cancelCheck(): void {
  const { check } = get();
  if (check && !check.summary && !check.error) void explorer().call('cancel', { id: check.id });
}

export const checkRunning = (check: CheckState | undefined): boolean =>
  check !== undefined && !check.summary && !check.error;

const spaceOf = ({ pid, startTicks }: Space) => ({ pid, startTicks });

export function selectRegion(region: number): void {
  set({ region, only: undefined });
}

export function showOnly(only: Verdict | undefined): void {
  set({ only });
}

/** Translates an address of the selected process and opens the frame it ends in. */
export async function selectVa(va: bigint): Promise<void> {
  const { space, regions } = get();
  if (!space) return;
  const inside = regions?.begin.findIndex((begin, i) => va >= begin && va < (regions.end[i] as bigint)) ?? -1;
  set(inside >= 0 ? { va, region: inside } : { va });
  try {
    const translation = await explorer().call('translate', { ...spaceOf(space), va });
    if (get().va !== va || get().space !== space) return;
    set({ translation, translationError: undefined });
    const { leaf } = translation.path;
    const pa = physicalAddress(va, leaf);
    if (mapsFrame(ENTRY_KINDS[leaf.kind])) openAddress(pa);
  } catch (error) {
    if (get().va === va) set({ translation: undefined, translationError: failure(error) });
  }
}

/** Looks at an address of any process. */
export async function goTo(space: Space, va: bigint): Promise<void> {
  closeOwners();
  if (get().space?.pid !== space.pid || get().space?.startTicks !== space.startTicks) await selectProcess(space);
  await selectVa(va);
}

const MOST_HITS = 1000n;

/** Searches what a process maps, or physical memory. */
export async function startSearch(pattern: Pattern, space: Space | undefined): Promise<void> {
  cancelSearch();
  const id = crypto.randomUUID();
  set({ search: { id, done: 0n, total: 0n, hits: [], ...(space && { space }) } });
  try {
    await explorer().call('startSearch', { id, pid: space?.pid ?? 0, ...pattern, limit: MOST_HITS });
  } catch (error) {
    set({ search: undefined, notice: failure(error) });
  }
}

export function cancelSearch(): void {
  const { search } = get();
  if (search && !search.end) void explorer().call('cancel', { id: search.id });
}

export function setSearching(searching: boolean): void {
  if (!searching) cancelSearch();
  set({ searching });
}

export function go(to: Destination): void {
  if (to.kind === 'process') void selectProcess(to);
  else if (to.kind === 'va') void selectVa(to.va);
  else if (to.kind === 'entry') explainEntry(to.raw);
  else if (to.kind === 'place') visit(to.place);
  else openFrame(to.pfn, to.offset);
}

export const show = (view: View): void => set({ view });

const named = (pid: number): Space | undefined => {
  const { processes } = get();
  const at = processes?.pid.indexOf(pid) ?? -1;
  return processes && at >= 0
    ? { pid, startTicks: processes.startTicks[at] as bigint, name: processes.name[at] as string }
    : undefined;
};

/** Goes where a link leads. */
export async function visit(place: Place): Promise<void> {
  if ('pid' in place) {
    const space = named(place.pid);
    if (!space) return notify(new Error(`There is no process ${place.pid}`));
    if (get().space?.pid !== space.pid || get().space?.startTicks !== space.startTicks) await selectProcess(space);
    if (place.view === 'address') await selectVa(place.va);
    show(place.view === 'tables' ? 'tables' : 'space');
  } else if (place.view === 'frame') openAddress(place.pa);
  else if (place.view === 'cpus') show('cpus');
  else if (place.view === 'lab') {
    show('labs');
    await startLab(place.name as LabName);
  } else if (place.view === 'owners') await askOwners(place.pfn);
  else if (place.view === 'entry')
    explainEntry(place.raw, place.level ? parseLevel(place.level, get().target?.levels ?? 4) : undefined);
  else {
    show('memory');
    set({ memoryRange: place.begin === undefined ? undefined : { begin: place.begin, end: place.end ?? 0n } });
  }
}

export const showRange = (memoryRange: State['memoryRange']): void => set({ memoryRange });

export const explainEntry = (raw: bigint | undefined, level?: number): void =>
  set({ explaining: raw === undefined ? undefined : level === undefined ? { raw } : { raw, level } });
export const setSharing = (sharing: boolean): void => set({ sharing });
export const setExporting = (exporting: ExportScope | undefined): void => set({ exporting });
export const dismissNotice = (): void => set({ notice: undefined });
export const notify = (error: unknown): void => set({ notice: failure(error) });

export function setTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  set({ theme });
}
