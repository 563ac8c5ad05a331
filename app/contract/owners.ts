// SPDX-License-Identifier: GPL-2.0-only
// The reverse map and the kernel's own count of mappings, compared for one frame.
import type { Owners, Target } from './api.ts';
import { kpageFlagNames } from './format.ts';
import { MAY_EXECUTE, MAY_READ, MAY_USER, MAY_WRITE } from './paging.ts';
import { frameRecordOf } from './said.ts';

/** "user · read · write". */
export function accessWords(access: number): string {
  if (!(access & MAY_READ)) return 'no access';
  return [
    access & MAY_USER ? 'user' : 'kernel only',
    'read',
    ...(access & MAY_WRITE ? ['write'] : []),
    ...(access & MAY_EXECUTE ? ['execute'] : []),
  ].join(' · ');
}

/** Whether as many mappings were found as the kernel has counted, and if not, why. */
export function reconcile({ pid, mapCount, flags, gone, raced }: Owners, target: Pick<Target, 'sources'>): string {
  const found = pid.length;
  const record = frameRecordOf(target).count;
  if (mapCount === null) return `The kernel’s own count (${record}) can’t be read.`;
  const counted = Number(mapCount);
  if (counted === found) return `${record} says ${counted}, too.`;
  const names = flags === null ? [] : kpageFlagNames(flags);
  if (names.includes('zero_page'))
    return `${record} says ${counted}: the kernel does not count mappings of the zero page.`;
  if (names.includes('nopage'))
    return `${record} says ${counted}: a frame without struct page (a device) is not counted.`;
  if (counted < found)
    return `${record} says ${counted}: mappings that the kernel does not count (raw frame mappings), or that have gone since.`;
  const left = gone || raced ? ` ${gone} address spaces and ${raced} page tables changed while they were walked.` : '';
  return `${record} says ${counted}: the others were made since, belong to a process that is hidden from this reader, or are an estimate (large folios, from 6.15 on).${left}`;
}
