// SPDX-License-Identifier: GPL-2.0-only
// What the box at the top suggests, and what it knows to do so.
import type { Processes, Regions } from '../../contract/api.ts';
import type { Place } from '../../contract/link.ts';

export interface ProcessPlace {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
}

export type Destination =
  | ({ kind: 'process' } & ProcessPlace)
  /** An address of the chosen process. */
  | { kind: 'va'; va: bigint }
  /** The same, in the list of regions. */
  | { kind: 'region'; va: bigint }
  | { kind: 'address'; process: ProcessPlace; va: bigint }
  | { kind: 'frame'; pfn: bigint; offset: number }
  | { kind: 'table'; pa: bigint }
  | { kind: 'entry'; raw: bigint }
  | { kind: 'place'; place: Place }
  | { kind: 'command'; name: string };

export interface Suggestion {
  readonly id: string;
  readonly label: string;
  /** What it is, in a few words. */
  readonly detail: string;
  /** What choosing it does, as a sentence. */
  readonly does: string;
  readonly to: Destination;
}

/** A view, or something that can be done, by the words that name it. */
export interface Named {
  readonly name: string;
  readonly title: string;
  readonly words: readonly string[];
  readonly does: string;
}

/** What the window shows at the moment. */
export interface Context {
  readonly processes: Processes | undefined;
  /** The chosen process and its regions. */
  readonly chosen: ProcessPlace | undefined;
  readonly regions: Regions | undefined;
  readonly levels: number;
  readonly named: readonly Named[];
}

export const processAt = (processes: Processes, i: number): ProcessPlace => ({
  pid: processes.pid[i] as number,
  startTicks: processes.startTicks[i] as bigint,
  name: processes.name[i] as string,
});
