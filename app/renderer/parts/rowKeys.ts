// SPDX-License-Identifier: GPL-2.0-only
/** By how many rows a key moves the selection in a table of `rows`, of which `page` are visible; undefined: another key. */
export function rowStep(key: string, page: number, rows: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -rows,
    End: rows,
  };
  return rows === 0 ? undefined : steps[key];
}

/** What the nearest element around says in data-at, such as the index of its row; undefined: none does. */
export function placeUnder(target: EventTarget): number | undefined {
  const at = (target as HTMLElement).closest<HTMLElement>('[data-at]')?.dataset.at;
  return at === undefined ? undefined : Number(at);
}

/** The index of the row that an element belongs to; -1: it belongs to none. */
export function rowUnder(target: EventTarget): number {
  const row = (target as HTMLElement).closest<HTMLElement>('[role=row]')?.ariaRowIndex;
  return row ? Number(row) - 2 : -1; // the heading is 1
}
