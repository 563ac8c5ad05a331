// SPDX-License-Identifier: GPL-2.0-only
import { useRef } from 'react';
import { type Series, seriesOf } from '../lib/series.ts';

/** The colours of these things, the most important first. A thing keeps its colour while it is among the first. */
export function useSeries<T>(things: readonly T[]): Series<T> {
  const last = useRef<Series<T>>(undefined);
  last.current = seriesOf(things, last.current);
  return last.current;
}
