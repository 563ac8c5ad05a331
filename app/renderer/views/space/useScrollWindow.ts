// SPDX-License-Identifier: GPL-2.0-only
import { useEffect, useRef, useState } from 'react';

/** In pixels. */
export const ROW_HEIGHT = 25;
/** Chromium limits the height of elements. Above this many pixels the scroll bar is scaled. */
const MOST_PIXELS = 8_000_000;

/** Scrolls over any number of rows. The scroll bar gives a fraction; the wheel and the keys move by rows. */
export function useScrollWindow(length: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [height, setHeight] = useState(400);
  const visible = Math.max(1, Math.floor((height - ROW_HEIGHT) / ROW_HEIGHT)); // below the header
  const full = length * ROW_HEIGHT;
  const pixels = Math.min(full, MOST_PIXELS);
  const last = Math.max(0, length - visible);
  const scaled = full > MOST_PIXELS;
  // The list is positioned by row. Parts of a row are kept only where the scroll bar is not scaled.
  const toRow = (top: number) =>
    scaled ? Math.round((top / Math.max(1, pixels - visible * ROW_HEIGHT)) * last) : Math.floor(top / ROW_HEIGHT);
  const toTop = (row: number) =>
    scaled ? (row / Math.max(1, last)) * (pixels - visible * ROW_HEIGHT) : row * ROW_HEIGHT;
  useEffect(() => {
    if (!scroller.current) return;
    const observer = new ResizeObserver(([entry]) => setHeight(entry?.contentRect.height ?? 400));
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  // On a scaled scroll bar one pixel is many rows. The scroll event of our own move must not move the list again.
  const ownTop = useRef(-1);
  const show = (row: number) => {
    const to = Math.max(0, Math.min(last, row));
    setFirst(to);
    if (!scroller.current) return;
    scroller.current.scrollTop = toTop(to);
    ownTop.current = scroller.current.scrollTop;
  };
  const onScroll = () => {
    const top = scroller.current?.scrollTop ?? 0;
    if (top === ownTop.current) return;
    ownTop.current = -1;
    setFirst(Math.max(0, Math.min(last, toRow(top))));
  };
  // The wheel moves by rows also where the scroll bar is scaled. React adds passive wheel listeners, which can't do that.
  useEffect(() => {
    const element = scroller.current;
    if (!element || !scaled) return;
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY === 0) return;
      event.preventDefault();
      show(first + (Math.round(event.deltaY / ROW_HEIGHT) || Math.sign(event.deltaY)));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  return { scroller, first: Math.min(first, last), visible, pixels, show, onScroll };
}
