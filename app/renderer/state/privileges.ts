// SPDX-License-Identifier: GPL-2.0-only
// The privileges that cr3scope reads the machine with. They may come and go while the window is open.
import { create } from 'zustand';
import type { Privileges } from '../../contract/api.ts';
import { explorer } from '../lib/client.ts';
import { notify } from './notice.ts';

export const usePrivileges = create<Privileges>(() => ({
  host: '',
  how: '',
  problem: null,
  mayAsk: false,
  asking: '',
}));

export function askPrivileges(): void {
  explorer().call('askPrivileges', {}).catch(notify);
}

/** Takes the new privileges; returns those before. */
export function followPrivileges(now: Privileges): Privileges {
  const before = usePrivileges.getState();
  usePrivileges.setState(now);
  return before;
}
