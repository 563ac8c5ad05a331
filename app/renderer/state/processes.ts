// SPDX-License-Identifier: GPL-2.0-only
// The list of processes as last read.
import { create } from 'zustand';
import type { Failure, Processes } from '../../contract/api.ts';
import { NO_ROOT } from '../../contract/noRoot.ts';
import { explorer, failure } from '../lib/client.ts';
import { type Life, sayLife } from '../lib/failures.ts';
import { attempt } from './notice.ts';
import { shownTogether } from './refresh.ts';
import type { Space } from './space.ts';

interface ProcessesState {
  readonly processes?: Processes;
  /** As the list of processes shows them: not the last reading if the user has it stay as it is. */
  readonly listed?: Processes;
  /** Whether they were read once, or could not be. */
  readonly asked: boolean;
  /** Why they could not be read the last time. */
  readonly error?: Failure | undefined;
}

export const useProcesses = create<ProcessesState>(() => ({ asked: false }));

/** Reads them again; `list`: the list of processes shows it. */
export async function refreshProcesses(list = true): Promise<void> {
  try {
    const processes = await explorer().call('processes', {});
    await shownTogether();
    useProcesses.setState({ processes, ...(list && { listed: processes }), asked: true, error: undefined });
  } catch (error) {
    useProcesses.setState({ asked: true, error: failure(error) });
  }
}

/** Walks every address space, for how many frames each process maps alone. */
export const walkProcesses = (): Promise<boolean> =>
  attempt(async () => {
    await explorer().call('owners', { pid: 0, pfn: 0n, again: true });
    await refreshProcesses();
  });

/** Row `at` of the list as an address space. */
export const spaceAt = (processes: Processes, at: number): Space => ({
  pid: processes.pid[at] as number,
  startTicks: processes.startTicks[at] as bigint,
  name: processes.name[at] as string,
});

/** Whether the list has this process, and not another one of its PID. */
export const isListed = ({ pid, startTicks }: Processes, space: Space): boolean => {
  const at = pid.indexOf(space.pid);
  return at >= 0 && (space.startTicks === 0n || startTicks[at] === space.startTicks);
};

/** The root of a process by the list as last read, if it has one. */
export function listedRoot(space: Space): bigint | undefined {
  const { processes } = useProcesses.getState();
  if (!processes || !isListed(processes, space)) return undefined;
  return processes.rootPa[processes.pid.indexOf(space.pid)] || undefined;
}

/** What is known of a process by the list as last read. */
export function lifeOf(processes: Processes | undefined, space: Space | undefined): Life {
  if (!processes || !space) return 'alive';
  if (!isListed(processes, space)) return 'gone';
  const reason = processes.noRoot[processes.pid.indexOf(space.pid)] ?? 0;
  return reason ? NO_ROOT.name(reason) : 'alive';
}

export const useLife = (space: Space | undefined): Life => useProcesses((s) => lifeOf(s.processes, space));

/** Whether a process has no address space, or none any more. */
export const useHasNoSpace = (space: Space | undefined): boolean => sayLife(useLife(space)) !== undefined;

/** The process with this PID; undefined if the list does not have it. */
export function spaceOfPid(processes: Processes | undefined, pid: number): Space | undefined {
  const at = processes?.pid.indexOf(pid) ?? -1;
  return processes && at >= 0 ? spaceAt(processes, at) : undefined;
}
