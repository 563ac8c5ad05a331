// SPDX-License-Identifier: GPL-2.0-only
// One page over time: its states as colours, and a mark wherever it came to map another frame.

import { useEffect, useRef, useState } from 'react';
import { seconds } from '../../../contract/format.ts';
import { isWritable } from '../../../contract/paging.ts';
import { ENTRY_KIND } from '../../../contract/verdicts.ts';
import { isZeroPage, type PageState, sayState } from '../../../contract/watch.ts';
import { useTheme } from '../../state/theme.ts';
import type { Change } from '../../state/watch.ts';
import { movesOf } from './moves.ts';

const HEIGHT = 16;
/** Of the colours; marks stick out above and below. */
const INSET = 3;
const LEAST_WIDTH = 1;

export interface Span {
  readonly startNs: bigint;
  readonly ns: bigint;
}

/** The variable that has the colour of a state. */
export function colourOf(p: PageState): string {
  if (isZeroPage(p)) return '--r-zeroPage';
  if (p.kind === 'leaf') return isWritable(p.raw) ? '--v-agree' : '--v-changedBetween';
  return ENTRY_KIND.word(p.kind === 'table' ? 'none' : p.kind).tint;
}

export function StripBar({ changes, span, label }: { changes: readonly Change[]; span: Span; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme((s) => s.shown);
  const [width, setWidth] = useState(0);
  const [title, setTitle] = useState('');
  const whole = Number(span.ns - span.startNs) || 1;

  useEffect(() => {
    if (!canvas.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);

  // A new theme has new colours
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    const first = changes[0];
    if (!canvas.current || !context || !first || width === 0) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = width * ratio;
    canvas.current.height = HEIGHT * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas.current);
    const at = (ns: bigint) => (Number(ns - span.startNs) / whole) * width;
    const draw = (state: PageState, from: bigint, to: bigint) => {
      context.fillStyle = style.getPropertyValue(colourOf(state));
      context.fillRect(at(from), INSET, Math.max(LEAST_WIDTH, at(to) - at(from)), HEIGHT - 2 * INSET);
    };
    draw(first.from, span.startNs, first.to.ns);
    changes.forEach(({ to }, i) => {
      draw(to, to.ns, changes[i + 1]?.to.ns ?? span.ns);
    });
    context.fillStyle = style.getPropertyValue('--text');
    for (const { to } of movesOf(changes)) context.fillRect(at(to.ns) - 0.75, 0, 1.5, HEIGHT);
  }, [changes, span.startNs, span.ns, whole, width, theme]);

  /** What the page was at the time under the pointer. */
  function point(x: number) {
    const ns = span.startNs + BigInt(Math.round((x / Math.max(1, width)) * whole));
    const last = changes.findLast(({ to }) => to.ns <= ns);
    const state = last?.to ?? changes[0]?.from;
    if (state) setTitle(`${seconds(ns - span.startNs, 2)}: ${sayState(state)}`);
  }

  return (
    <canvas
      ref={canvas}
      className="strip-bar"
      style={{ height: HEIGHT }}
      role="img"
      aria-label={label}
      title={title}
      onPointerMove={(event) => point(event.nativeEvent.offsetX)}
    />
  );
}
