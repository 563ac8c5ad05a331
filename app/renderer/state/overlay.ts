// SPDX-License-Identifier: GPL-2.0-only
// A structure that is laid over the bytes of physical memory. This browser keeps the patterns that were used last.
import { z } from 'zod';
import { create } from 'zustand';
import { type Failure, MOST_FRAMES } from '../../contract/api.ts';
import { MOST_PATTERN_TEXT, PatternError, parseOverlay } from '../../contract/overlay.ts';
import { mapsFrame, pfnOf, physicalAddress } from '../../contract/paging.ts';
import { type Type, typeOf } from '../../contract/types.ts';
import { ENTRY_KINDS } from '../../contract/verdicts.ts';
import { explorer, failure } from '../lib/client.ts';
import { save, saved } from '../lib/saved.ts';
import { loadFrames, openAddress, selectByte, selectTo } from './memory.ts';
import { useProcesses } from './processes.ts';
import { useSpace } from './space.ts';
import { useTarget } from './target.ts';

/** Patterns that are kept. */
const MOST_RECENT = 12;

interface Laid {
  readonly pattern: string;
  readonly type: Type;
  /** Where it begins. */
  readonly pa: bigint;
}

interface OverlayState {
  readonly laid?: Laid | undefined;
  /** Why the pattern was refused, and at which of its characters if it is one. */
  readonly error?: (Failure & { readonly at?: number }) | undefined;
  /** Why a pointer leads nowhere. */
  readonly lost?: string | undefined;
  /** The last first. */
  readonly recent: readonly string[];
  readonly names: readonly string[];
}

export const useOverlay = create<OverlayState>(() => ({
  recent: saved('patterns', z.array(z.string().max(MOST_PATTERN_TEXT))) ?? [],
  names: [],
}));
const set = useOverlay.setState;
const get = useOverlay.getState;

/** Lays a pattern over the bytes from a physical address on. */
export async function lay(pattern: string, pa: bigint): Promise<void> {
  try {
    const type = await parseOverlay(pattern, async (name) => typeOf(await explorer().call('layout', { name })));
    const recent = [pattern, ...get().recent.filter((p) => p !== pattern)].slice(0, MOST_RECENT);
    save('patterns', recent);
    set({ laid: { pattern, type, pa }, error: undefined, lost: undefined, recent });
    const frames = Number(pfnOf(pa + BigInt(type.bytes - 1)) - pfnOf(pa)) + 1;
    for (let at = 0; at < frames; at += MOST_FRAMES) await loadFrames(pfnOf(pa) + BigInt(at), frames - at);
  } catch (error) {
    if (error instanceof PatternError)
      set({ error: { message: error.message, remedy: error.remedy, code: 'EINVAL', at: error.at } });
    else set({ error: failure(error) });
  }
}

export const takeOff = (): void => set({ laid: undefined, error: undefined, lost: undefined });

/** Completes the name of a type at the end of a text. */
export async function complete(text: string): Promise<void> {
  const start = /(?:(?:struct|union|enum) +)?[A-Za-z_]\w+$/.exec(text)?.[0];
  if (!start) return set({ names: [] });
  // A capture has no names, and the pattern itself says so.
  const found = await explorer()
    .call('typeNames', { start: start.replace(/ +/g, ' ') })
    .catch(() => []);
  set({ names: found.map((name) => `${text.slice(0, text.length - start.length)}${name}`) });
}

/** Selects bytes of the overlay. */
export function selectField(offset: number, bytes: number): void {
  const { laid } = get();
  if (!laid) return;
  const first = laid.pa + BigInt(offset);
  selectByte(first);
  if (bytes > 1) selectTo(first + BigInt(bytes - 1));
}

/** Opens what a pointer leads to: an address of the kernel, or of the chosen process. */
export async function follow(pointer: bigint): Promise<void> {
  const { target } = useTarget.getState();
  const ram = target?.ramEnd.at(-1) ?? 0n;
  const direct = target?.directMap ? pointer - target.directMap : -1n;
  set({ lost: undefined });
  if (direct >= 0n && direct < ram) return openAddress(direct);
  // Every process maps the kernel.
  const { processes } = useProcesses.getState();
  const any = processes?.rootPa.findIndex((root) => root !== 0n) ?? -1;
  const space =
    useSpace.getState().space ??
    (processes && any >= 0 ? { pid: processes.pid[any] ?? 0, startTicks: processes.startTicks[any] ?? 0n } : undefined);
  if (!space) return set({ lost: 'no process is here whose tables could translate it' });
  try {
    const { pid, startTicks } = space;
    const { path } = await explorer().call('translate', { pid, startTicks, va: pointer });
    if (mapsFrame(ENTRY_KINDS[path.leaf.kind])) openAddress(physicalAddress(pointer, path.leaf));
    else set({ lost: `process ${pid} maps no frame at 0x${pointer.toString(16)}` });
  } catch (error) {
    set({ lost: failure(error).message });
  }
}
