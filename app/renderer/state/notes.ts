// SPDX-License-Identifier: GPL-2.0-only
// What the user has noted at pages and frames, kept by this browser, and what a capture brings along.
import { useMemo } from 'react';
import { z } from 'zod';
import { create } from 'zustand';
import { MOST_NOTES, Note } from '../../contract/api.ts';
import { isSameSpace, type Space } from './space.ts';
import { useTarget } from './target.ts';

const KEY = 'cr3scope.notes';
/** JSON has no numbers of 64 bits. */
const U64 = 'u64:';

function savedNotes(): Note[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]', (_, value: unknown) =>
      typeof value === 'string' && /^u64:[0-9a-f]{1,16}$/.test(value) ? BigInt(`0x${value.slice(U64.length)}`) : value,
    );
    return Array.isArray(list) ? list.flatMap((one) => Note.safeParse(one).data ?? []) : [];
  } catch {
    return [];
  }
}

export const useNotes = create<{ readonly own: readonly Note[] }>(() => ({ own: savedNotes() }));

function keep(own: readonly Note[]): void {
  localStorage.setItem(
    KEY,
    JSON.stringify(own, (_, value: unknown) => (typeof value === 'bigint' ? `${U64}${value.toString(16)}` : value)),
  );
  useNotes.setState({ own });
}

/** Why a text can't be a note; "" if it can. */
export function refuseNote(text: string): string {
  const { error } = Note.shape.text.safeParse(text);
  return error ? (z.treeifyError(error).errors[0] ?? 'this can’t be noted') : '';
}

/** Writes a note, or with the id of an own one another text for it. */
export function setNote(on: Note['on'], text: string, id: string = crypto.randomUUID()): void {
  const bootId = useTarget.getState().target?.bootId ?? '';
  const note: Note = { id, at: new Date().toISOString(), text, bootId, on };
  keep([...useNotes.getState().own.filter((other) => other.id !== id), note].slice(-MOST_NOTES));
}

export const removeNote = (id: string): void => keep(useNotes.getState().own.filter((note) => note.id !== id));

export interface ShownNote extends Note {
  /** Written in this browser, not by whoever made the capture. */
  readonly own: boolean;
}

/** The notes of this boot of the machine: those of the capture, and the user's own. */
export function useNotesHere(): readonly ShownNote[] {
  const own = useNotes((s) => s.own);
  const bootId = useTarget((s) => s.target?.bootId);
  const captured = useTarget((s) => s.target?.capture?.notes);
  return useMemo(() => {
    const mine = own.filter((note) => note.bootId === bootId);
    const ids = new Set(mine.map((note) => note.id));
    return [
      ...(captured ?? []).filter((note) => !ids.has(note.id)).map((note) => ({ ...note, own: false })),
      ...mine.map((note) => ({ ...note, own: true })),
    ];
  }, [own, bootId, captured]);
}

export const isSamePlace = (a: Note['on'], b: Note['on']): boolean =>
  a.kind === 'frame' ? b.kind === 'frame' && a.pfn === b.pfn : b.kind === 'page' && a.va === b.va && isSameSpace(a, b);

/** The own notes that belong into a file about a process, or about the whole machine. */
export function notesFor(space: Space | undefined): Note[] {
  const bootId = useTarget.getState().target?.bootId;
  return useNotes
    .getState()
    .own.filter(
      (note) => note.bootId === bootId && (!space || note.on.kind === 'frame' || isSameSpace(note.on, space)),
    );
}
