// SPDX-License-Identifier: GPL-2.0-only
import { VERDICTS } from '../../../contract/verdicts.ts';
import './regions.css';

/** Pages by verdict as a bar. */
export function VerdictBar({ counts }: { counts: BigUint64Array }) {
  return (
    <span className="bar" aria-hidden="true">
      {VERDICTS.map((v, i) =>
        counts[i] ? <i key={v} className={`v-${v}`} style={{ flexGrow: Number(counts[i]) }} /> : null,
      )}
    </span>
  );
}
