// SPDX-License-Identifier: GPL-2.0-only
// The regions as rows, and their sums by type.
import type { CheckResult, Regions } from '../../../contract/api.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';
import { mappedPages } from '../../lib/opening.ts';
import { REGION_TYPES, type RegionType, regionType } from '../../lib/regionTypes.ts';

export interface RegionRow {
  readonly index: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly path: string;
  readonly type: RegionType;
  /** Pages by verdict, and the bytes that are mapped; undefined: not checked. */
  readonly counts: BigUint64Array | undefined;
  readonly mapped: bigint | undefined;
}

export function regionRows(regions: Regions, summary: CheckResult | undefined): RegionRow[] {
  const checked = new Map(summary ? Array.from(summary.regionBegin, (begin, i) => [begin, i]) : []);
  return Array.from(regions.begin, (begin, index) => {
    const at = checked.get(begin);
    const known = summary && at !== undefined;
    const path = regions.path[index] as string;
    const permissions = regions.permissions[index] as string;
    return {
      index,
      begin,
      end: regions.end[index] as bigint,
      permissions,
      path,
      type: regionType(path, permissions),
      counts: known ? summary.regionCounts.subarray(at * VERDICTS.length, (at + 1) * VERDICTS.length) : undefined,
      mapped: known ? pageBytes(mappedPages(summary, at)) : undefined,
    };
  });
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
