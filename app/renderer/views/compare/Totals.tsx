// SPDX-License-Identifier: GPL-2.0-only
// The number of differences of each kind, and the export to a file.
import { Download } from 'lucide-react';
import { COMPARISON_FORMATS, type Comparison } from '../../../contract/api.ts';
import { differs, PAGE_CHANGE_TEXT, PAGE_CHANGES } from '../../../contract/changes.ts';
import { count } from '../../../contract/format.ts';
import { saveComparison, useCompare } from '../../state/compare.ts';
import '../../parts/bar.css';
import '../../parts/chip.css';

const many = (n: number | bigint, one: string, more = `${one}s`) => `${count(n)} ${Number(n) === 1 ? one : more}`;

/** What happened to processes and regions; what did not happen is left out. */
function sayTotals({ gone, come, executed, regions }: Comparison['totals']): string {
  const parts: [number, string][] = [
    [gone, `${many(gone, 'process', 'processes')} gone`],
    [come, `${many(come, 'process', 'processes')} came`],
    [executed, `${many(executed, 'process', 'processes')} executed another program`],
    [regions, `${many(regions, 'region')} changed`],
  ];
  return parts.flatMap(([n, text]) => (n ? [text] : [])).join(', ') || 'Only pages changed';
}

export function Totals({ comparison }: { comparison: Comparison }) {
  const busy = useCompare((s) => s.busy);
  const { totals, dropped } = comparison;
  return (
    <div className="table-bar wrap">
      <span>{differs(totals) ? sayTotals(totals) : 'Nothing changed'}</span>
      {PAGE_CHANGES.filter((change) => totals.pages[change] > 0n).map((change) => (
        <span key={change} className="chip" title={PAGE_CHANGE_TEXT[change]}>
          {PAGE_CHANGE_TEXT[change]}: {many(totals.pages[change], 'page')}
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
