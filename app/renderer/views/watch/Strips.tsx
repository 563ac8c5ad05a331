// SPDX-License-Identifier: GPL-2.0-only
// The pages that changed last, each as a strip over time.
import { useMemo } from 'react';
import { hexVa } from '../../../contract/format.ts';
import { isWritable } from '../../../contract/paging.ts';
import { ENTRY_KIND } from '../../../contract/verdicts.ts';
import { isZeroPage, type PageState, sayState } from '../../../contract/watch.ts';
import { Legend } from '../../parts/Legend.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import type { Change, Watched } from '../../state/watch.ts';
import { isSeveral, visitChange } from './watched.ts';

/** The number of strips. */
const MOST_STRIPS = 12;

/** The colour of a state. */
function colourOf(p: PageState): string {
  if (isZeroPage(p)) return 'var(--r-zeroPage)';
  if (p.kind === 'leaf') return isWritable(p.raw) ? 'var(--v-agree)' : 'var(--v-changedBetween)';
  return `var(${ENTRY_KIND.word(p.kind === 'table' ? 'none' : p.kind).tint})`;
}

const LEGEND = [
  { key: 'nothing', colour: 'var(--raised)', text: 'nothing mapped' },
  { key: 'zero', colour: 'var(--r-zeroPage)', text: 'zero page' },
  { key: 'writable', colour: 'var(--v-agree)', text: 'writable frame' },
  { key: 'readOnly', colour: 'var(--v-changedBetween)', text: 'read-only frame' },
  { key: 'protNone', colour: 'var(--v-agreeByRule)', text: 'PROT_NONE' },
  { key: 'swap', colour: 'var(--v-swapped)', text: 'on swap' },
];

export function Strips({ watched }: { watched: Watched }) {
  const strips = useMemo(() => {
    const of = new Map<string, Change[]>();
    for (let i = watched.changes.length - 1; i >= 0; i--) {
      const change = watched.changes[i] as Change;
      const key = `${String(change.space.pid).padStart(10)} ${hexVa(change.to.va)}`;
      const list = of.get(key);
      if (list) list.unshift(change);
      else if (of.size < MOST_STRIPS) of.set(key, [change]);
    }
    return [...of].sort(([a], [b]) => (a < b ? -1 : 1));
  }, [watched.changes]);
  const several = isSeveral(watched);
  const whole = Number(watched.ns - watched.startNs) || 1;
  const share = (from: bigint, to: bigint) => Math.max(0, Number(to - from) / whole);
  return (
    <div className="strips">
      {strips.map(([key, changes]) => {
        const first = changes[0] as Change;
        const parts = [
          { state: first.from, from: watched.startNs, to: first.to.ns },
          ...changes.map((c, i) => ({ state: c.to, from: c.to.ns, to: changes[i + 1]?.to.ns ?? watched.ns })),
        ];
        return (
          <div key={key} className={several ? 'strip several' : 'strip'}>
            <LinkButton num onClick={() => void visitChange(first)}>
              {several && `${first.space.pid} `}
              {hexVa(first.to.va)}
            </LinkButton>
            <span className="strip-bar">
              {parts.map((part) => (
                <i
                  key={String(part.from)}
                  style={{ flexGrow: share(part.from, part.to), background: colourOf(part.state) }}
                  title={sayState(part.state)}
                />
              ))}
            </span>
          </div>
        );
      })}
      <Legend items={LEGEND} />
    </div>
  );
}
