// SPDX-License-Identifier: GPL-2.0-only
// What the way of a virtual machine's page on its host means, in words.
import type { HostWalk } from './api.ts';

export const saySizes = ({ guestPageSize, pageSize, isSmaller }: HostWalk): string =>
  `${guestPageSize} in the guest, ${pageSize} on the host${
    isSmaller
      ? ': the CPU caches translations of the smaller size, so that the guest’s large page saves no TLB entries'
      : ''
  }`;

export function sayBytes({ pa, sameBytes }: HostWalk): string {
  if (pa === null)
    return 'not compared: the host has no frame there now, so the guest reads zeros, or QEMU has it swapped out';
  if (sameBytes === null) return 'not compared: a frame could not be read';
  return sameBytes
    ? 'the guest’s frame, QEMU’s memory and the host’s frame hold the same bytes'
    : 'the three differ at each reading: the guest writes there now, or QEMU does. --freeze stops it meanwhile';
}
