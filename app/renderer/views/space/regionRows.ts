// SPDX-License-Identifier: GPL-2.0-only
// The regions as rows, and their sums by type.
import type { CheckResult, Regions } from '../../../contract/api.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';
import { checkedRegions, mappedPages } from '../../lib/checkedRegions.ts';
import { REGION_TYPES, type RegionType, regionType } from '../../lib/regionTypes.ts';

/** A region. What is derived is computed when asked for: of 20 000 rows a window shows some thirty. */
export class RegionRow {
  readonly begin: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly path: string;

  constructor(
    regions: Regions,
    readonly index: number,
    private readonly summary: CheckResult | undefined,
    /** Its index in the check; -1: it was not checked. */
    private readonly checked: number,
  ) {
    this.begin = regions.begin[index] as bigint;
    this.end = regions.end[index] as bigint;
    this.permissions = regions.permissions[index] as string;
    this.path = regions.path[index] as string;
  }

  get type(): RegionType {
    return regionType(this.path, this.permissions);
  }

  /** Pages by verdict; undefined: not checked. */
  get counts(): BigUint64Array | undefined {
    const at = this.checked * VERDICTS.length;
    return at < 0 ? undefined : this.summary?.regionCounts.subarray(at, at + VERDICTS.length);
  }

  /** The bytes that are mapped; undefined: not checked. */
  get mapped(): bigint | undefined {
    return this.summary && this.checked >= 0 ? pageBytes(mappedPages(this.summary, this.checked)) : undefined;
  }
}

export function regionRows(regions: Regions, summary: CheckResult | undefined): RegionRow[] {
  const checked = checkedRegions(regions, summary);
  return Array.from(regions.begin, (_, index) => new RegionRow(regions, index, summary, checked[index] as number));
}

export interface TypeRow {
  /** Undefined: all of them. */
  readonly type: RegionType | undefined;
  readonly label: string;
  readonly meaning: string;
  readonly regions: number;
  readonly size: bigint;
  /** As of the regions that were checked. */
  readonly mapped: bigint;
  readonly counts: BigUint64Array;
}

function sum(type: RegionType | undefined, rows: readonly RegionRow[]): TypeRow {
  const counts = new BigUint64Array(VERDICTS.length);
  let [size, mapped] = [0n, 0n];
  for (const r of rows) {
    size += r.end - r.begin;
    mapped += r.mapped ?? 0n;
    r.counts?.forEach((n, v) => {
      counts[v] = (counts[v] as bigint) + n;
    });
  }
  const { label, meaning } = type ? REGION_TYPES[type] : { label: 'all', meaning: 'the whole address space' };
  return { type, label, meaning, regions: rows.length, size, mapped, counts };
}

/** A row for all regions, and one for each type that occurs. */
export function typeRows(rows: readonly RegionRow[]): TypeRow[] {
  const types = Object.keys(REGION_TYPES) as RegionType[];
  return [
    sum(undefined, rows),
    ...types.map((type) =>
      sum(
        type,
        rows.filter((r) => r.type === type),
      ),
    ),
  ].filter((r) => r.type === undefined || r.regions > 0);
}
