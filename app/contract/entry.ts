// SPDX-License-Identifier: GPL-2.0-only
// A decoded entry in a few words, as cells, trees and watches show it.
import { hex } from './format.ts';
import { type Entry, mapsFrame } from './paging.ts';
import { ENTRY_KIND } from './verdicts.ts';

/** The bits of a PTE marker from bit 0 up: PTE_MARKER_*, include/linux/swapops.h. */
const MARKERS = [
  { name: 'uffd-wp', effect: 'remembers the write protection of userfaultfd' },
  { name: 'poisoned', effect: 'access raises SIGBUS' },
  { name: 'guard', effect: 'access raises SIGSEGV' },
] as const;

/** Name and effect of each bit of a marker that is set and known. */
export const markers = (bits: bigint) => MARKERS.filter((_, i) => (bits >> BigInt(i)) & 1n);

/** What an entry names: "01f3a52", "swap 0:1f2", "marker · guard", "under migration 01f3a52", or the label of its kind. */
export function entryText({
  kind,
  pfn,
  swapType,
  swapOffset,
  assumed = false,
}: Pick<Entry, 'kind' | 'pfn' | 'swapType' | 'swapOffset'> & Partial<Pick<Entry, 'assumed'>>): string {
  if (assumed) return `type ${swapType}:${hex(swapOffset)}`;
  if (kind === 'none') return '—';
  if (mapsFrame(kind)) return hex(pfn, 7);
  const label = ENTRY_KIND.label(kind);
  if (kind === 'swap') return `${label} ${swapType}:${hex(swapOffset)}`;
  if (kind === 'marker')
    return `${label} · ${
      markers(swapOffset)
        .map(({ name }) => name)
        .join(', ') || `0x${hex(swapOffset)}`
    }`;
  return pfn ? `${label} ${hex(pfn, 7)}` : label;
}
