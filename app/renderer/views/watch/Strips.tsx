// SPDX-License-Identifier: GPL-2.0-only
// The pages that changed last, each as a strip over time.
import { useMemo } from 'react';
import { count, hexVa } from '../../../contract/format.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { Legend } from '../../parts/Legend.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import type { Change, Watched } from '../../state/watch.ts';
import { movesOf } from './moves.ts';
import { StripBar } from './StripBar.tsx';
import { ticksOf } from './ticks.ts';
import { isSeveral, visitChange } from './watched.ts';

/** The number of strips. */
const MOST_STRIPS = 12;

const LEGEND = [
  { key: 'nothing', colour: 'var(--raised)', text: 'nothing mapped' },
  { key: 'zero', colour: 'var(--r-zeroPage)', text: 'zero page' },
  { key: 'writable', colour: 'var(--v-agree)', text: 'writable frame' },
  { key: 'readOnly', colour: 'var(--v-changedBetween)', text: 'read-only frame' },
  { key: 'protNone', colour: 'var(--v-agreeByRule)', text: 'PROT_NONE' },
  { key: 'swap', colour: 'var(--v-swapped)', text: 'on swap' },
  { key: 'move', colour: 'var(--text)', text: 'it maps another frame from here on' },
];

interface Strip {
  readonly key: string;
  readonly changes: readonly Change[];
}

/** The pages that changed last, by process and address, and how many changed at all. */
function stripsOf(changes: readonly Change[]): { strips: Strip[]; pages: number } {
  const of = new Map<string, Change[]>();
  for (const change of changes) {
    const key = `${String(change.space.pid).padStart(10)} ${hexVa(change.to.va)}`;
    const list = of.get(key) ?? [];
    of.delete(key); // the latest are the last
    of.set(key, list);
    list.push(change);
  }
  const strips = [...of].slice(-MOST_STRIPS).sort(([a], [b]) => (a < b ? -1 : 1));
  return { strips: strips.map(([key, list]) => ({ key, changes: list })), pages: of.size };
}

/** How many of the watched pages are drawn, and which. */
function sayDrawn({ places }: Watched, drawn: number, changed: number): string {
  const watched = places.reduce((n, { begin, end }) => n + pagesBetween(begin, end), 0n);
  const which =
    drawn < changed ? `the ${drawn} that changed last, of ${count(changed)} that changed` : 'all that changed';
  return `${count(drawn)} of ${count(watched)} watched pages are drawn: ${which}.`;
}

export function Strips({ watched }: { watched: Watched }) {
  const { strips, pages } = useMemo(() => stripsOf(watched.changes), [watched.changes]);
  const several = isSeveral(watched);
  const { startNs, ns } = watched;
  if (strips.length === 0) return null;
  return (
    <div className="strips">
      {strips.map(({ key, changes }) => {
        const first = changes[0] as Change;
        const moves = movesOf(changes).length;
        const name = `${several ? `${first.space.pid} ` : ''}${hexVa(first.to.va)}`;
        return (
          <div key={key} className={several ? 'strip several' : 'strip'}>
            <LinkButton num onClick={() => void visitChange(first)}>
              {name}
            </LinkButton>
            <StripBar
              changes={changes}
              span={{ startNs, ns }}
              label={`${name} over time: ${count(changes.length)} changes, ${count(moves)} to another frame`}
            />
          </div>
        );
      })}
      <div className={several ? 'strip several' : 'strip'} aria-hidden="true">
        <span className="dim">seconds</span>
        <span className="strip-axis num">
          {ticksOf(Number(ns - startNs) / 1e9).map(({ share, text }) => (
            <i key={text} style={{ left: `${share * 100}%` }}>
              {text}
            </i>
          ))}
        </span>
      </div>
      <p className="strips-drawn dim">{sayDrawn(watched, strips.length, pages)}</p>
      <Legend items={LEGEND} />
    </div>
  );
}
