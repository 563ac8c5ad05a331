// SPDX-License-Identifier: GPL-2.0-only
// The search for the next hit from the cursor.
import { create } from 'zustand';
import type { Pattern } from '../../contract/pattern.ts';
import { explorer, failure } from '../lib/client.ts';
import { openAddress, selectTo, useMemory } from './memory.ts';

interface Find {
  /** Set while it runs. */
  readonly id?: string;
  /** Its progress, or how the last one ended. */
  readonly message: string;
}

export const useFind = create<{ readonly find?: Find | undefined }>(() => ({}));
const set = useFind.setState;
const get = useFind.getState;

/** Goes to the next hit after the cursor, or to the previous one. */
export async function findNext(pattern: Pattern, back: boolean): Promise<void> {
  cancelFind();
  const id = crypto.randomUUID();
  const { cursor = 0n } = useMemory.getState();
  set({ find: { id, message: back ? 'searching backwards…' : 'searching…' } });
  const mine = () => get().find?.id === id;
  try {
    const from = back ? cursor : cursor + 1n;
    const pa = await explorer().call('findNext', { id, ...pattern, from, back });
    if (!mine()) return;
    set({ find: { message: pa === null ? `not found ${back ? 'before' : 'after'} the cursor` : '' } });
    if (pa === null) return;
    openAddress(pa);
    selectTo(pa + BigInt(pattern.bytes.length) - 1n);
  } catch (error) {
    if (mine()) set({ find: { message: failure(error).message } });
  }
}

export function cancelFind(): void {
  const id = get().find?.id;
  if (id) void explorer().call('cancel', { id });
  set({ find: undefined });
}
