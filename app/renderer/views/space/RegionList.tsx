// SPDX-License-Identifier: GPL-2.0-only
// The regions one by one, or their totals by type.
import { X } from 'lucide-react';
import { useMemo } from 'react';
import { REGION_FIELDS } from '../../lib/fields.ts';
import { REGION_TYPES, type RegionType } from '../../lib/regionTypes.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Toggle } from '../../parts/Toggle.tsx';
import { shownCheck, useCheck } from '../../state/check.ts';
import { useKept } from '../../state/kept.ts';
import { useSpace } from '../../state/space.ts';
import { FilterBox } from '../common/FilterBox.tsx';
import { useFilter } from '../common/useFilter.ts';
import { RegionTable } from './RegionTable.tsx';
import { regionRows, typeRows } from './regionRows.ts';
import { TypeTable } from './TypeTable.tsx';
import '../../parts/bar.css';

export function RegionList() {
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => shownCheck(s)?.summary);
  const [shown, setShown] = useKept<'regions' | 'types'>('regions.shown', 'regions');
  const [type, setType] = useKept<RegionType | undefined>('regions.type', undefined);
  const rows = useMemo(() => (regions ? regionRows(regions, summary) : []), [regions, summary]);
  const types = useMemo(() => (shown === 'types' ? typeRows(rows) : []), [shown, rows]);
  const used = useFilter('regions', REGION_FIELDS);
  const { filter } = used;
  const shownRows = useMemo(() => {
    const ofType = type ? rows.filter((r) => r.type === type) : rows;
    return filter ? ofType.filter((r) => filter.matches(r)) : ofType;
  }, [rows, type, filter]);
  return (
    <div className="grid-frame">
      <div className="table-bar">
        <Toggle label="Show" choices={{ regions: 'Regions', types: 'By type' }} chosen={shown} onChoose={setShown} />
        {shown === 'regions' && type && (
          <span className="chip type-chip">
            only {REGION_TYPES[type].label}
            <IconButton icon={X} size={12} label="Show regions of every type" onClick={() => setType(undefined)} />
          </span>
        )}
        {shown === 'regions' && (
          <FilterBox label="Filter regions" placeholder="Filter: name, size > 1M" fields={REGION_FIELDS} used={used} />
        )}
      </div>
      {shown === 'regions' ? (
        <RegionTable rows={shownRows} />
      ) : (
        <TypeTable
          rows={types}
          onType={(chosen) => {
            setType(chosen);
            setShown('regions');
          }}
        />
      )}
    </div>
  );
}
