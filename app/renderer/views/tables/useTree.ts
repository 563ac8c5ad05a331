// SPDX-License-Identifier: GPL-2.0-only
// The tree of tables of a process, and under PTI its two roots.
import { useEffect, useState } from 'react';
import type { Failure, TableTree } from '../../../contract/api.ts';
import { PAGE_BYTES, pfnOf } from '../../../contract/paging.ts';
import { compareRoots, type Slot } from '../../../contract/table.ts';
import { explorer, failure } from '../../lib/client.ts';
import { listedRoot } from '../../state/processes.ts';
import type { Space } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';

interface Read {
  readonly space: Space;
  readonly tree?: TableTree;
  readonly slots?: readonly Slot[];
  readonly error?: Failure;
}

/** Under PTI: the kernel's root and, in the frame after it, the user's. */
const readRoots = (rootPa: bigint) => explorer().call('frames', { pfn: pfnOf(rootPa), count: 2 });

/** The tree of a process, read when the process is chosen and on request. */
export function useTree(space: Space | undefined): { read: Read | undefined; again(): void } {
  const target = useTarget((s) => s.target);
  const [read, setRead] = useState<Read>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!space || !target) return;
    let current = true;
    const get = async (): Promise<Read> => {
      // A far machine is asked for both at once. After an exec the process has another root than the list says.
      const listed = target.pti ? listedRoot(space) : undefined;
      const [tree, early] = await Promise.all([
        explorer().call('tables', { pid: space.pid, startTicks: space.startTicks }),
        listed && readRoots(listed),
      ]);
      if (!target.pti) return { space, tree };
      const roots = early && listed === tree.rootPa ? early : await readRoots(tree.rootPa);
      if (roots.status.some((s) => s !== 0)) return { space, tree };
      return {
        space,
        tree,
        slots: compareRoots(roots.bytes.subarray(0, PAGE_BYTES), roots.bytes.subarray(PAGE_BYTES), target),
      };
    };
    get()
      .catch((error): Read => ({ space, error: failure(error) }))
      .then((result) => {
        // What was read before stays when it can't be read again.
        if (current) setRead((before) => (before?.space === space && before.tree ? { ...before, ...result } : result));
      });
    return () => {
      current = false;
    };
    // A new `turn` reads the tree again
  }, [space, target, turn]);
  return { read: read?.space === space ? read : undefined, again: () => setTurn(turn + 1) };
}
