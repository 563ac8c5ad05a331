// SPDX-License-Identifier: GPL-2.0-only
// Which rows of the hex view are on screen. The cursor's row is always one of them.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { pageOf } from '../../../contract/paging.ts';
import type { RamRows } from '../../lib/ram.ts';

const ROW_HEIGHT = 18;

export function useHexWindow(rows: RamRows, cursor: bigint | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(8);
  const [top, setTopRaw] = useState(0);
  const setTop = useCallback(
    (row: number) => setTopRaw(Math.max(0, Math.min(Math.round(row), rows.length - 1))),
    [rows],
  );

  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) =>
      setSeen(Math.max(1, Math.floor((entry?.contentRect.height ?? 0) / ROW_HEIGHT))),
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  // After a jump, the frame begins at the top if the cursor is then on screen.
  useLayoutEffect(() => {
    if (cursor === undefined) return;
    const row = rows.rowOf(cursor);
    setTopRaw((now) => {
      if (row >= now && row < now + seen) return now;
      if (row === now - 1 || row === now + seen) return row < now ? row : row - seen + 1;
      const start = rows.rowOf(pageOf(cursor));
      return row < start + seen ? start : Math.max(0, row - (seen >> 2));
    });
  }, [cursor, rows, seen]);

  return { box, seen, top, setTop };
}
