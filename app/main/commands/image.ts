// SPDX-License-Identifier: GPL-2.0-only
// What the user says of a memory image, as the session takes it.
import { parseU64 } from '../../contract/format.ts';
import { withPlaces } from '../places.ts';
import type { ImageFile, VmMemory } from '../sources/carrier.ts';
import { Failed } from '../sources/failed.ts';
import { type Origin, parseAddress } from './output.ts';

/** "0-c0000000,100000000-140000000@c0000000": begin, end and offset in the file. Without an offset it follows the one before. */
function parseRanges(text: string): BigUint64Array {
  const numbers: bigint[] = [];
  let next = 0n;
  for (const part of text.split(',')) {
    const [, first = '', last = '', at] = /^\s*([^-@]+)-([^-@]+)(?:@([^-@]+))?\s*$/.exec(part) ?? [];
    const begin = parseU64(first, true);
    const end = parseU64(last, true);
    const offset = at === undefined ? next : parseU64(at, true);
    if (begin === undefined || end === undefined || offset === undefined || end <= begin)
      throw new Failed(
        `"${part}" is not a range of physical memory`,
        'Give begin, end and if needed the offset in the file in hex, like 100000000-140000000@c0000000.',
      );
    numbers.push(begin, end - begin, offset);
    next = offset + end - begin;
  }
  return BigUint64Array.from(numbers);
}

/** The image of these options, or the virtual machine that `open` opens; undefined if neither is named. */
export async function imageOf(
  { image, vm, freeze, root, levels, ranges, host, capture }: Origin,
  open: (vm: string, freeze: boolean) => Promise<VmMemory>,
): Promise<ImageFile | undefined> {
  const origins = Object.entries({ image, vm, host, capture }).filter(([, value]) => value !== undefined);
  if (origins.length > 1)
    throw new Failed(`both --${origins[0]?.[0]} and --${origins[1]?.[0]} are given`, 'Give one of them.');
  if (freeze && vm === undefined) throw new Failed('--freeze belongs to a virtual machine', 'Give --vm, too.');
  if (image === undefined && vm === undefined) {
    const [option] = Object.entries({ root, levels, ranges }).find(([, value]) => value !== undefined) ?? [];
    if (option) throw new Failed(`--${option} belongs to a memory image`, 'Give --image, too.');
    return undefined;
  }
  if (vm !== undefined && ranges !== undefined)
    throw new Failed('--ranges belongs to a raw image', 'QEMU itself says where the memory of a virtual machine is.');
  if (levels !== undefined && levels !== '4' && levels !== '5')
    throw new Failed(`"${levels}" is not a number of levels`, 'Give 4 or 5.');
  return {
    path: image ?? '',
    ...(image !== undefined && withPlaces(image)),
    ...(vm !== undefined && { vm: await open(vm, freeze ?? false) }),
    guessRoots: root === 'guess',
    root: root === undefined || root === 'guess' ? 0n : parseAddress(root, 'a physical address'),
    levels: Number(levels ?? 0),
    ranges: ranges === undefined ? new BigUint64Array() : parseRanges(ranges),
  };
}
