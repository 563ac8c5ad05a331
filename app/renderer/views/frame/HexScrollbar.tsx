// SPDX-License-Identifier: GPL-2.0-only
import type { PointerEvent } from 'react';

/** The position of the rows on screen among all rows. Dragging scrolls. */
export function HexScrollbar({
  top,
  rows,
  seen,
  onTop,
}: {
  top: number;
  rows: number;
  seen: number;
  onTop(top: number): void;
}) {
  const most = Math.max(1, rows - seen);
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    onTop(Math.round(((event.clientY - box.top) / box.height) * most));
  };
  return (
    <div
      className="hex-scrollbar"
      role="scrollbar"
      aria-label="Place in physical memory"
      aria-controls="hex-view"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((top / most) * 100)}
      tabIndex={-1}
      onPointerDown={drag}
      onPointerMove={drag}
    >
      <i style={{ top: `calc(${(top / most) * 100}% - ${(top / most) * 24}px)` }} />
    </div>
  );
}
