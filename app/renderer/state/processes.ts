// SPDX-License-Identifier: GPL-2.0-only
// The list of processes as last read.
import { create } from 'zustand';
import type { Processes } from '../../contract/api.ts';
import { explorer } from '../lib/client.ts';
import { notify } from './notice.ts';
import type { Space } from './space.ts';

interface ProcessesState {
  readonly processes?: Processes;
  /** Whether they were read once, or could not be. */
  readonly asked: boolean;
}

export const useProcesses = create<ProcessesState>(() => ({ asked: false }));

export async function refreshProcesses(): Promise<void> {
  try {
    useProcesses.setState({ processes: await explorer().call('processes', {}), asked: true });
  } catch (error) {
    useProcesses.setState({ asked: true });
    notify(error);
  }
}

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

/** The process with this PID; undefined if the list does not have it. */
export function spaceOfPid(processes: Processes | undefined, pid: number): Space | undefined {
  const at = processes?.pid.indexOf(pid) ?? -1;
  return processes && at >= 0 ? spaceAt(processes, at) : undefined;
}
