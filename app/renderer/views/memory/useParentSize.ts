// SPDX-License-Identifier: GPL-2.0-only
// The size of an element's parent, in whole pixels.
import { type RefObject, useEffect, useState } from 'react';

export function useParentSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!element.current?.parentElement) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(element.current.parentElement);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
