// SPDX-License-Identifier: GPL-2.0-only
// The rows that the list of processes shows, flat or as a tree.
import { useCallback, useMemo, useRef } from 'react';
import { asTree } from '../../../contract/processTree.ts';
import { useProcesses } from '../../state/processes.ts';
import { useProcessList } from '../../state/processList.ts';
import { useTarget } from '../../state/target.ts';
import { useFolded } from './folded.ts';
import { type Before, NOTHING_BEFORE, type ProcessRow, rowsOf, sameRow, withParents } from './processRows.ts';

/** All rows of the list. */
export function useProcessRows(): readonly ProcessRow[] {
  const listed = useProcesses((s) => s.listed);
  const capture = useTarget((s) => s.target?.capture);
  const before = useRef<Before>(NOTHING_BEFORE);
  return useMemo(() => {
    if (!listed) return [];
    const { rows, now } = rowsOf(listed, before.current, capture);
    before.current = now;
    return rows;
  }, [listed, capture]);
}

/** Rows below their parents as far as these are not folded. */
function arranged(sorted: readonly ProcessRow[]): readonly ProcessRow[] {
  const rows: ProcessRow[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const { row, depth } of asTree(sorted)) {
    if (depth > hiddenBelow) continue;
    hiddenBelow = row.place?.folded ? depth : Number.POSITIVE_INFINITY;
    rows.push(row);
  }
  return rows;
}

interface Shown {
  readonly rows: readonly ProcessRow[];
  readonly arrange: ((sorted: readonly ProcessRow[]) => readonly ProcessRow[]) | undefined;
}

/** Those that match, in the form that the user has chosen. */
export function useShownRows(all: readonly ProcessRow[], matches: readonly ProcessRow[]): Shown {
  const tree = useProcessList((s) => s.tree);
  const folded = useFolded((s) => s.keys);
  const known = useRef(new Map<string, ProcessRow>());
  const rows = useMemo(() => {
    if (!tree) return matches;
    const now = new Map<string, ProcessRow>();
    const placed = asTree(withParents(all, matches)).map(({ row, depth, children }) => {
      const before = known.current.get(row.key);
      const place = { depth, children, folded: folded.has(row.key) };
      const same =
        before &&
        before.place?.depth === depth &&
        before.place.children === children &&
        before.place.folded === place.folded &&
        sameRow(before, row);
      const shown = same ? before : { ...row, place };
      now.set(row.key, shown);
      return shown;
    });
    known.current = now;
    return placed;
  }, [tree, folded, all, matches]);
  const arrange = useCallback(arranged, []);
  return { rows, arrange: tree ? arrange : undefined };
}
