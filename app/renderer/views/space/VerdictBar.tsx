// SPDX-License-Identifier: GPL-2.0-only
import { count } from '../../../contract/format.ts';
import { VERDICT, VERDICTS } from '../../../contract/verdicts.ts';
import './regions.css';

/** "1 024 agree · 3 not present": pages by verdict. */
export const sayCounts = (counts: BigUint64Array): string =>
  VERDICTS.flatMap((v, i) => (counts[i] ? [`${count(counts[i])} ${VERDICT.label(v)}`] : [])).join(' · ');

/** Pages by verdict as a bar. */
export function VerdictBar({ counts }: { counts: BigUint64Array }) {
  return (
    <span className="bar" role="img" aria-label={sayCounts(counts)} title={sayCounts(counts)}>
      {VERDICTS.map((v, i) =>
        counts[i] ? <i key={v} className={`v-${v}`} style={{ flexGrow: Number(counts[i]) }} /> : null,
      )}
    </span>
  );
}
