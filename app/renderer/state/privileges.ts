// SPDX-License-Identifier: GPL-2.0-only
// The privileges that cr3scope reads the machine with. They may come and go while the window is open.
import { create } from 'zustand';
import { NO_PRIVILEGES, type Privileges } from '../../contract/api.ts';
import { explorer } from '../lib/client.ts';
import { attempt } from './notice.ts';

export const usePrivileges = create<Privileges>(() => ({
  host: '',
  how: '',
  problem: null,
  mayAsk: false,
  asking: '',
}));

/** Whether cr3scope has what it needs to read others, while a helper runs. */
export const isPrivileged = ({ how }: Privileges): boolean => how !== NO_PRIVILEGES;

export function askPrivileges(): void {
  void attempt(() => explorer().call('askPrivileges', {}));
}

/** Takes the new privileges; returns those before. */
export function followPrivileges(now: Privileges): Privileges {
  const before = usePrivileges.getState();
  usePrivileges.setState(now);
  return before;
}
