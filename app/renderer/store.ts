// The state of the window and what can be done to it. Data flows one way: actions call the explorer, results land here.
import { create } from 'zustand';
import type {
  CheckRows,
  CheckSummary,
  Client,
  Failure,
  Frame,
  Owners,
  Processes,
  Regions,
  SearchEvent,
  Target,
  Translation,
} from '../contract/api.ts';
import { mapsFrame, physicalAddress } from '../contract/paging.ts';
import { type Pattern, sayHit } from '../contract/pattern.ts';
import { ENTRY_KINDS, VERDICTS, type Verdict } from '../contract/verdicts.ts';
import { openClient } from './lib/client.ts';
import type { Destination } from './lib/query.ts';

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

export type Theme = 'system' | 'light' | 'dark';

interface State {
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
  frame?: Frame;
  frameError?: Failure;
  /** Bytes of the frame before the last refresh, to light what changed. */
  frameBefore?: Uint8Array;
  /** The frame as a page table: its level and the first address it covers, where that is known. */
  table?: { readonly level: number; readonly base?: bigint };
  /** Selected byte of the frame. */
  offset: number;
  exporting: boolean;
  /** The entry that is explained; without a level the likeliest. */
  explaining?: { readonly raw: bigint; readonly level?: number };
  /** The frame whose owners are shown; `found` once they are. */
  owners?: { readonly pfn: bigint; readonly found?: Owners; readonly error?: Failure };
  searching: boolean;
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
  region: 0,
  offset: 0,
  exporting: false,
  searching: false,
  theme: savedTheme(),
}));

const set = useStore.setState;
const get = useStore.getState;

let client: Client;
export const explorer = (): Client => client;

const failure = (error: unknown): Failure => {
  const { message, code, remedy } = error as Partial<Failure>;
  return { message: message ?? String(error), code: code ?? 'ERROR', remedy: remedy ?? '' };
};

/** Connects and begins to follow the process list. */
export async function begin(): Promise<void> {
  try {
    client = await openClient((lost) => set({ lost }));
    set({ target: await client.call('target', {}) });
  } catch (error) {
    set({ lost: failure(error).message });
    return;
  }
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
      client.call('checkRows', { id: event.id }).then(
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
  await refreshProcesses();
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
    (begin, i) => summary.regionCounts[i * VERDICTS.length] === ((summary.regionEnd[i] as bigint) - begin) >> 12n,
  );
  return summary.regionBegin[Math.max(0, at)] as bigint;
}

export async function refreshProcesses(): Promise<void> {
  try {
    set({ processes: await client.call('processes', {}) });
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
    const regions = await client.call('regions', { pid: space.pid, startTicks: space.startTicks });
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
    await client.call('startCheck', { id, ...spaceOf(space), begin: 0n, end: 1n << 63n, bytes });
  } catch (error) {
    set({ check: undefined, notice: failure(error) });
  }
}

export function cancelCheck(): void {
  const { check } = get();
  if (check && !check.summary && !check.error) void client.call('cancelCheck', { id: check.id });
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
    const translation = await client.call('translate', { ...spaceOf(space), va });
    if (get().va !== va || get().space !== space) return;
    set({ translation, translationError: undefined });
    const { leaf } = translation.path;
    const pa = physicalAddress(va, leaf);
    if (mapsFrame(ENTRY_KINDS[leaf.kind])) await openFrame(pa >> 12n, Number(pa & 4095n));
  } catch (error) {
    if (get().va === va) set({ translation: undefined, translationError: failure(error) });
  }
}

export async function openFrame(pfn: bigint, offset = 0, table?: State['table']): Promise<void> {
  try {
    const frame = await client.call('frame', { pfn });
    set({ frame, frameBefore: undefined, frameError: undefined, offset, table });
  } catch (error) {
    set({ frame: undefined, frameError: failure(error) });
  }
}

/** Asks who maps a frame; `again` walks every address space anew. */
export async function askOwners(pfn: bigint, again = false): Promise<void> {
  set({ owners: { pfn } });
  const answer = await client.call('owners', { pfn, again }).then(
    (found) => ({ pfn, found }),
    (error) => ({ pfn, error: failure(error) }),
  );
  if (get().owners?.pfn === pfn) set({ owners: answer });
}
export const closeOwners = (): void => set({ owners: undefined });

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
    await client.call('startSearch', { id, pid: space?.pid ?? 0, ...pattern, limit: MOST_HITS });
  } catch (error) {
    set({ search: undefined, notice: failure(error) });
  }
}

export function cancelSearch(): void {
  const { search } = get();
  if (search && !search.end) void client.call('cancelSearch', { id: search.id });
}

export function setSearching(searching: boolean): void {
  if (!searching) cancelSearch();
  set({ searching });
}

/** Reads the open frame again; what changed since the last reading is lit. */
export async function refreshFrame(): Promise<void> {
  const { frame } = get();
  if (!frame) return;
  try {
    const next = await client.call('frame', { pfn: frame.pfn });
    if (get().frame?.pfn === next.pfn) set({ frame: next, frameBefore: frame.bytes });
  } catch {
    // The next refresh tells.
  }
}

/** Shows the open frame as a page table of a level, or as bytes again. */
export const showTable = (table: State['table']): void => set({ table });
export const selectByte = (offset: number): void => set({ offset: Math.max(0, Math.min(4095, offset)) });

export function go(to: Destination): void {
  if (to.kind === 'process') void selectProcess(to);
  else if (to.kind === 'va') void selectVa(to.va);
  else if (to.kind === 'entry') explainEntry(to.raw);
  else void openFrame(to.pfn, to.offset);
}

export const explainEntry = (raw: bigint | undefined, level?: number): void =>
  set({ explaining: raw === undefined ? undefined : level === undefined ? { raw } : { raw, level } });
export const setExporting = (exporting: boolean): void => set({ exporting });
export const dismissNotice = (): void => set({ notice: undefined });
export const notify = (error: unknown): void => set({ notice: failure(error) });

export function setTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  set({ theme });
}
