// SPDX-License-Identifier: GPL-2.0-only
// The owners of a frame: the open question and its answer.
import { create } from 'zustand';
import type { Failure, Owners } from '../../contract/api.ts';
import { explorer, failure } from '../lib/client.ts';
import { useSpace } from './space.ts';

interface Asked {
  readonly pfn: bigint;
  readonly found?: Owners;
  /** When the walk ended that answers, by the clock of this window. */
  readonly at?: Date;
  readonly error?: Failure;
}

export const useOwners = create<{ readonly asked?: Asked | undefined }>(() => ({}));
const set = useOwners.setState;

/** Asks who maps a frame. `again` walks every address space again. */
export async function askOwners(pfn: bigint, again = false): Promise<void> {
  set({ asked: { pfn } });
  const answer = await explorer()
    .call('owners', { pid: useSpace.getState().space?.pid ?? 0, pfn, again })
    .then(
      (found) => ({ pfn, found, at: new Date(Date.now() - Number(found.ageNs / 1_000_000n)) }),
      (error) => ({ pfn, error: failure(error) }),
    );
  if (useOwners.getState().asked?.pfn === pfn) set({ asked: answer });
}
