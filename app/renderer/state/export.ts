// SPDX-License-Identifier: GPL-2.0-only
// The export dialog: its scope, and the running export.
import { create } from 'zustand';
import type { Args, ExportEvent, Failure, FramesKept } from '../../contract/api.ts';
import { explorer, failure } from '../lib/client.ts';
import { shownCheck, useCheck } from './check.ts';
import { notesFor } from './notes.ts';
import { save } from './saved.ts';
import { useSpace } from './space.ts';
import { useTarget } from './target.ts';

/** The chosen process, or all processes. */
export type ExportScope = 'process' | 'all';
export type Format = Args<'startExport'>['format'];

/** A running export, and the name for its file. */
export interface Running {
  readonly id: string;
  readonly file: string;
  readonly at?: ExportEvent;
}

interface ExportState {
  /** Undefined: the dialog is closed. */
  readonly scope?: ExportScope | undefined;
  readonly running?: Running | undefined;
  readonly error?: Failure | undefined;
}

export const useExport = create<ExportState>(() => ({}));
const set = useExport.setState;
const get = useExport.getState;

export const setExporting = (scope: ExportScope | undefined): void => set({ scope });

/** The process to export; undefined: all processes. */
export function exportedSpace() {
  return get().scope === 'process' ? useSpace.getState().space : undefined;
}

const safeName = (name: string) => name.replace(/[^\w.-]+/g, '_');

export async function startExport(format: Format, frames: FramesKept): Promise<void> {
  const id = crypto.randomUUID();
  const space = exportedSpace();
  const machine = useTarget.getState().target?.hostname ?? 'machine';
  const named = space ? `${space.pid}-${safeName(space.name)}` : safeName(machine);
  set({ error: undefined, running: { id, file: `cr3scope-${named}.${format}` } });
  try {
    await explorer().call('startExport', {
      id,
      check: space && format !== 'cr3scope' ? (shownCheck(useCheck.getState())?.id ?? '') : '',
      pid: space?.pid ?? 0,
      startTicks: space?.startTicks ?? 0n,
      format,
      frames,
      notes: notesFor(space),
    });
  } catch (error) {
    set({ running: undefined, error: failure(error) });
  }
}

export function cancelExport(): void {
  const { running } = get();
  if (running) void explorer().call('cancel', { id: running.id });
}

export function closeExport(): void {
  cancelExport();
  set({ error: undefined, scope: undefined });
}

/** Handles an event of an export. Saves its file once it is written. */
export function followExport(event: ExportEvent): void {
  const { running } = get();
  if (event.id !== running?.id) return;
  const { end } = event;
  if (!end) set({ running: { ...running, at: event } });
  else if ('path' in end) {
    save(end, running.file);
    set({ running: undefined, scope: undefined });
  } else set({ running: undefined, ...(end.error.code !== 'ECANCELED' && { error: end.error }) });
}
