// SPDX-License-Identifier: GPL-2.0-only
// The dialog that connects to another machine.
import { create } from 'zustand';
import type { Failure, Result } from '../../contract/api.ts';
import { fragmentOf } from '../../contract/link.ts';
import { explorer, failure, IS_DESKTOP } from '../lib/client.ts';

interface ConnectionsState {
  readonly open: boolean;
  readonly hosts: Result<'hosts'>;
  /** The machine that is being connected to; "" if none is. */
  readonly host: string;
  readonly error?: Failure | undefined;
}

export const useConnections = create<ConnectionsState>(() => ({
  open: false,
  hosts: { recent: [], configured: [], asks: '' },
  host: '',
}));
const set = useConnections.setState;

export async function openConnections(): Promise<void> {
  set({ open: true, error: undefined });
  set({ hosts: await explorer().call('hosts', {}) });
}

export const closeConnections = (): void => set({ open: false });

/** `mayCopy`: the helper may be copied there. */
export async function connectTo(host: string, { mayCopy = false, privileges = true } = {}): Promise<void> {
  set({ host, error: undefined });
  try {
    await explorer().call('connect', { host, mayCopy, privileges });
    set({ open: false });
    // The desktop has opened a window. A page goes there itself; the browser's Back leads here again.
    if (!IS_DESKTOP) window.location.hash = fragmentOf({ machine: host });
  } catch (error) {
    set({ error: failure(error) });
  } finally {
    set({ host: '' });
  }
}
