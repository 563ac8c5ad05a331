// SPDX-License-Identifier: GPL-2.0-only
// Processes below the ones that started them.

interface Process {
  readonly pid: number;
  readonly ppid: number;
}

export interface Placed<T> {
  readonly row: T;
  /** 0: its parent is not among the rows. */
  readonly depth: number;
  /** How many of the rows are its children. */
  readonly children: number;
}

/** Each row after its parent; those of one parent stay in their order. */
export function asTree<T extends Process>(rows: readonly T[]): Placed<T>[] {
  const pids = new Set(rows.map((row) => row.pid));
  const below = new Map<number, T[]>();
  const roots: T[] = [];
  for (const row of rows) {
    if (row.ppid === row.pid || !pids.has(row.ppid)) roots.push(row);
    else below.set(row.ppid, [...(below.get(row.ppid) ?? []), row]);
  }
  const placed: Placed<T>[] = [];
  const seen = new Set<T>();
  const place = (from: readonly T[]) => {
    const open = from.map((row) => ({ row, depth: 0 })).reverse();
    for (let next = open.pop(); next; next = open.pop()) {
      const { row, depth } = next;
      if (seen.has(row)) continue;
      seen.add(row);
      const children = below.get(row.pid) ?? [];
      placed.push({ row, depth, children: children.length });
      open.push(...children.map((child) => ({ row: child, depth: depth + 1 })).reverse());
    }
  };
  place(roots);
  // A PID may have been given again while the list was read, so that nobody has a parent outside a circle.
  place(rows.filter((row) => !seen.has(row)));
  return placed;
}
