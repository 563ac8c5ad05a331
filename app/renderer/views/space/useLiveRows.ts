// SPDX-License-Identifier: GPL-2.0-only
// Reads the pages on screen repeatedly.
import { useEffect, useRef, useState } from 'react';
import { create } from 'zustand';
import type { Failure, Rows } from '../../../contract/api.ts';
import { explorer, failure } from '../../lib/client.ts';
import type { PageList } from '../../lib/pages.ts';
import { isSame } from '../../lib/same.ts';
import { onRefresh, shownTogether } from '../../state/refresh.ts';
import { isSameSpace, type Space } from '../../state/space.ts';

interface LiveRows {
  readonly rows: Rows | undefined;
  /** Pages that differ from the previous reading. */
  readonly changed: ReadonlySet<bigint>;
  readonly error: Failure | undefined;
}

/** The rows that were read last, also while another view is shown. */
const useLastRows = create<{ readonly space?: Space; readonly rows?: Rows }>(() => ({}));

function changedPages(now: Rows, before: Rows | undefined): ReadonlySet<bigint> {
  if (!before) return new Set();
  return new Set(
    Array.from(now.va).filter(
      (_, i) => now.words.pagemap[i] !== before.words.pagemap[i] || now.pfn[i] !== before.pfn[i],
    ),
  );
}

/** Reads `count` pages of the list, beginning at index `first`. */
export function useLiveRows(space: Space | undefined, list: PageList, first: number, count: number): LiveRows {
  const rows = useLastRows((s) => (isSameSpace(s.space, space) ? s.rows : undefined));
  const [changed, setChanged] = useState<ReadonlySet<bigint>>(new Set());
  const [error, setError] = useState<Failure>();
  /** The reading that is under way. While a list is scrolled, others wait for it, and only the last of them is done. */
  const underWay = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => {
    if (!space || count <= 0) return;
    let live = true;
    let before: Rows | undefined;
    const read = async () => {
      try {
        const vas = BigUint64Array.from({ length: count }, (_, i) => list.va(first + i));
        const next = await explorer().call('rows', { pid: space.pid, startTicks: space.startTicks, vas });
        if (before) await shownTogether();
        if (!live) return;
        setError(undefined);
        const changed = changedPages(next, before);
        setChanged((last) => (last.size || changed.size ? changed : last));
        if (before && isSame(before, next)) return;
        before = next;
        useLastRows.setState({ space, rows: next });
      } catch (reason) {
        if (live) setError(failure(reason));
      }
    };
    const readNext = () => {
      underWay.current = underWay.current.then(() => (live ? read() : undefined));
      return underWay.current;
    };
    void readNext();
    const stop = onRefresh(readNext);
    return () => {
      live = false;
      stop();
    };
  }, [space, list, first, count]);
  return { rows, changed, error };
}
