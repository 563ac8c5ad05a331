// SPDX-License-Identifier: GPL-2.0-only
import { VERDICT } from '../../contract/verdicts.ts';
import './chip.css';

export function VerdictChip({ verdict }: { verdict: ReturnType<typeof VERDICT.name> }) {
  return (
    <span className={`chip v-${verdict}`} title={VERDICT.meaning(verdict)}>
      {VERDICT.label(verdict)}
    </span>
  );
}
