// SPDX-License-Identifier: GPL-2.0-only
import { VERDICT, type Verdict } from '../../contract/verdicts.ts';
import './chip.css';

export function VerdictChip({ verdict }: { verdict: Verdict }) {
  return (
    <span className={`chip v-${verdict}`} title={VERDICT.meaning(verdict)}>
      {VERDICT.label(verdict)}
    </span>
  );
}
