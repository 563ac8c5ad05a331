// SPDX-License-Identifier: GPL-2.0-only
// The number of pages with each verdict. Choosing a verdict lists its pages.
import { count } from '../../../contract/format.ts';
import { VERDICT, VERDICTS } from '../../../contract/verdicts.ts';
import { shownCheck, useCheck } from '../../state/check.ts';
import { showOnly, useSpace } from '../../state/space.ts';
import '../../parts/legend.css';

export function VerdictLegend() {
  const check = useCheck(shownCheck);
  const only = useSpace((s) => s.only);
  return (
    <div className="legend" role="group" aria-label="Verdicts: press one to see its pages">
      {VERDICTS.map((v, i) => {
        const n = check?.counts[i] ?? 0n;
        // Pages that simply agree are counted, but not kept.
        const usable = v !== 'agree' && n > 0n && check?.rows !== undefined;
        return (
          <button
            key={v}
            type="button"
            disabled={!usable}
            aria-pressed={only === v}
            title={VERDICT.meaning(v)}
            className={`legend-item v-${v} ${n ? '' : 'none'}`}
            onClick={() => showOnly(only === v ? undefined : v)}
          >
            <i aria-hidden="true" />
            {VERDICT.label(v)} <span className="num">{check ? count(n) : '–'}</span>
          </button>
        );
      })}
    </div>
  );
}
