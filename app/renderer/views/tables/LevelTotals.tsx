// SPDX-License-Identifier: GPL-2.0-only
// The number of tables at each level, and how full they are.
import { useMemo } from 'react';
import type { TableTree } from '../../../contract/api.ts';
import { bytes, count } from '../../../contract/format.ts';
import { levelName, PAGE_BYTES, pageSizeName } from '../../../contract/paging.ts';
import { frameRecordOf } from '../../../contract/said.ts';
import { levelTotals, sayMarked } from '../../../contract/table.ts';
import { useTarget } from '../../state/target.ts';
import './tables.css';

const SIZES = [12, 21, 30];

export function LevelTotals({ tree }: { tree: TableTree }) {
  const target = useTarget((s) => s.target);
  const levels = target?.levels ?? 4;
  const totals = useMemo(() => levelTotals(tree, levels), [tree, levels]);
  const mapped = tree.mapped.reduce((a, b) => a + b, 0n);
  if (!target) return null;
  return (
    <div className="totals">
      <table>
        <thead>
          <tr>
            <th>Level</th>
            <th className="right">Tables</th>
            <th className="right">Used</th>
            <th>Filled</th>
            <th>{frameRecordOf(target).flags}</th>
          </tr>
        </thead>
        <tbody>
          {totals.map((t) => (
            <tr key={t.level}>
              <td>{levelName(t.level, levels)}</td>
              <td className="num right">{count(t.tables)}</td>
              <td className="num right">{count(t.used)}</td>
              <td>
                <meter min={0} max={1} value={t.slots ? t.used / t.slots : 0} aria-label="filled" />{' '}
                <span className="num">{t.slots ? ((t.used / t.slots) * 100).toFixed(1) : '0.0'} %</span>
              </td>
              <td className={t.unmarked && sayMarked(t, target).includes('NOT') ? 'bad' : 'dim'}>
                {t.tables ? sayMarked(t, target) : ''}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim">
        {count(tree.level.length)} tables, {bytes(tree.level.length * PAGE_BYTES)} · mapped {bytes(mapped)}
        {mapped > 0n && ': '}
        {SIZES.flatMap((shift, i) =>
          tree.mapped[i]
            ? [`${((Number(tree.mapped[i]) / Number(mapped)) * 100).toFixed(1)} % by ${pageSizeName(shift)} pages`]
            : [],
        ).join(', ')}
        {tree.raced > 0n && ` · ${tree.raced} tables changed while they were read`}
      </p>
    </div>
  );
}
