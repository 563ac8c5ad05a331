// SPDX-License-Identifier: GPL-2.0-only
// What a number in the box may be: an address, a frame or an entry.
import { hex, hexVa, parseU64 } from '../../contract/format.ts';
import { isCanonical, PA_END, PFN_END, pageOffset, pfnOf } from '../../contract/paging.ts';
import { regionAt } from '../../contract/regions.ts';
import type { Context, Suggestion } from './suggestion.ts';

/** The region that covers an address, in a few words. */
export function regionWords(va: bigint, { regions }: Context): string {
  const at = regions ? regionAt(regions, va) : -1;
  if (!regions || at < 0) return regions ? 'in no region' : '';
  return `in ${regions.path[at] || 'anonymous memory'}, ${regions.permissions[at]}`;
}

export const toVa = (va: bigint, context: Context): Suggestion => {
  const where = regionWords(va, context);
  const { pid, name } = context.chosen ?? { pid: 0, name: '' };
  return {
    id: 'va',
    label: hexVa(va),
    detail: where ? `virtual address ${where}` : 'virtual address',
    does: `Translates the address in process ${pid} ${name}${where ? `: ${where}` : ''}.`,
    to: { kind: 'va', va },
  };
};

/** `kind` is "va", "pa", "pfn" or "entry" if the text says which it is, else "". */
export function suggestNumbers(text: string, kind: string, context: Context): Suggestion[] {
  const number = parseU64(text, true);
  if (number === undefined) return [];
  const va = context.chosen && isCanonical(number, context.levels) ? toVa(number, context) : undefined;
  const pa: Suggestion | undefined =
    number < PA_END
      ? {
          id: 'pa',
          label: hex(number, 9),
          detail: 'physical address',
          does: `Opens frame ${hex(pfnOf(number))} at this byte.`,
          to: { kind: 'frame', pfn: pfnOf(number), offset: pageOffset(number) },
        }
      : undefined;
  const pfn: Suggestion | undefined =
    number < PFN_END
      ? {
          id: 'pfn',
          label: hex(number),
          detail: 'frame number (PFN)',
          does: 'Opens this frame.',
          to: { kind: 'frame', pfn: number, offset: 0 },
        }
      : undefined;
  const entry: Suggestion = {
    id: 'entry',
    label: hex(number, 16),
    detail: 'page-table entry',
    does: 'Explains it bit by bit, as an entry of a page table.',
    to: { kind: 'entry', raw: number },
  };
  const all = { va, pa, pfn, entry };
  // User addresses have 11 or 12 digits, physical ones up to 10, frame numbers up to 7; 13 to 16 digits are an entry.
  const digits = hex(number).length;
  const order: (keyof typeof all)[] = kind
    ? [kind as keyof typeof all]
    : digits >= 13
      ? ['va', 'entry', 'pa', 'pfn']
      : digits >= 11
        ? ['va', 'pa', 'pfn', 'entry']
        : digits >= 6
          ? ['pa', 'pfn', 'va', 'entry']
          : ['pfn', 'va'];
  return order.flatMap((key) => all[key] ?? []);
}
