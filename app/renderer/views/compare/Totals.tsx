// SPDX-License-Identifier: GPL-2.0-only
// The number of differences of each kind, and the export to a file.
import { Download } from 'lucide-react';
import { COMPARISON_FORMATS, type Comparison } from '../../../contract/api.ts';
import { differs, PAGE_CHANGE_TEXT, PAGE_CHANGES } from '../../../contract/changes.ts';
import { count } from '../../../contract/format.ts';
import { saveComparison, useCompare } from '../../state/compare.ts';
import '../../parts/bar.css';
import '../../parts/chip.css';

export function Totals({ comparison }: { comparison: Comparison }) {
  const busy = useCompare((s) => s.busy);
  const { totals, dropped } = comparison;
  return (
    <div className="table-bar wrap">
      <span>
        {differs(totals) ? (
          <>
            <strong>{count(totals.gone)}</strong> gone, <strong>{count(totals.come)}</strong> came,{' '}
            <strong>{count(totals.executed)}</strong> executed, <strong>{count(totals.regions)}</strong> regions
          </>
        ) : (
          'Nothing changed'
        )}
      </span>
      {PAGE_CHANGES.filter((change) => totals.pages[change] > 0n).map((change) => (
        <span key={change} className="chip" title={PAGE_CHANGE_TEXT[change]}>
          {count(totals.pages[change])} {PAGE_CHANGE_TEXT[change]}
        </span>
      ))}
      {dropped > 0 && <span className="dim">{count(dropped)} more are counted, not listed</span>}
      <span className="spacer" />
      {COMPARISON_FORMATS.map((format) => (
        <button key={format} type="button" disabled={busy !== ''} onClick={() => void saveComparison(format)}>
          <Download size={13} aria-hidden="true" /> {format === 'csv' ? 'CSV' : 'JSON Lines'}
        </button>
      ))}
    </div>
  );
}
