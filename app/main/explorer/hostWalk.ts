// SPDX-License-Identifier: GPL-2.0-only
// The rest of the way from a virtual machine's address to the host's frame.
import { closeSync, openSync, readSync } from 'node:fs';
import type { HostWalk } from '../../contract/api.ts';
import { hex, hexVa } from '../../contract/format.ts';
import { mapsFrame, PAGE_BYTES, pageOf, pageSizeName, pfnOf, physicalAddress } from '../../contract/paging.ts';
import { regionText } from '../../contract/regions.ts';
import { ENTRY_KINDS, FRAME_STATUS } from '../../contract/verdicts.ts';
import { Failed } from '../sources/failed.ts';
import type { OpenedVm } from '../sources/qemu.ts';
import type { Explorer } from './explorer.ts';
import { tellWalk } from './story.ts';

/** The host's side of a virtual machine: where its memory is, and the host's own explorer, opened when it is needed. */
export interface Host {
  readonly vm: OpenedVm;
  readonly explorer: () => Promise<Explorer>;
}

/** A frame of QEMU's memory as QEMU itself has it. */
function readProcess(pid: number, address: bigint): Buffer {
  const frame = Buffer.alloc(Number(PAGE_BYTES));
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/mem`, 'r');
    if (readSync(file, frame, 0, frame.length, address as unknown as number) !== frame.length)
      throw new Error('it ends');
    return frame;
  } catch (error) {
    throw new Failed(
      `the memory of QEMU, process ${pid}, can’t be read at ${hexVa(address)}: ${(error as Error).message}`,
      'Run cr3scope as root, or as the user who runs this virtual machine.',
      (error as NodeJS.ErrnoException).code,
    );
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const ATTEMPTS = 8;

/**
 * From a physical address of the guest on: where QEMU and the host have it, and whether all three hold the same bytes.
 * `guestShift` is that of the guest's page, 12, 21 or 30.
 */
export async function walkOnHost(
  guest: Explorer,
  { vm, explorer }: Host,
  gpa: bigint,
  guestShift: number,
): Promise<HostWalk> {
  const part = vm.parts.find(({ pa, bytes }) => gpa >= pa && gpa < pa + bytes);
  if (!part)
    throw new Failed(`0x${hex(gpa)} is not in the memory of the virtual machine`, 'It may be a device.', 'EFAULT');
  const { pid } = vm.vm;
  const hva = part.hva + gpa - part.pa;
  const host = await explorer();
  const target = await host.target();
  // The machine runs, or QEMU's pages move: read until three readings agree.
  for (let attempt = 1; ; attempt++) {
    const t = await host.translate({ pid, startTicks: 0n, va: hva });
    const mapped = mapsFrame(ENTRY_KINDS[t.path.leaf.kind]);
    const pa = mapped ? physicalAddress(hva, t.path.leaf) : null;
    let same: boolean | null = null;
    if (pa !== null) {
      const inGuest = await guest.frame({ pfn: pfnOf(gpa) });
      const inQemu = readProcess(pid, pageOf(hva));
      const inHost = await host.frame({ pfn: pfnOf(pa) });
      const read = [inGuest, inHost].every(({ status }) => FRAME_STATUS.name(status) === 'ok');
      same = read ? inQemu.equals(inGuest.bytes) && inQemu.equals(inHost.bytes) : null;
    }
    if (same === false && attempt < ATTEMPTS) continue;
    const regions = await host.regions({ pid, startTicks: 0n });
    return {
      pid,
      va: hva,
      pa,
      guestPageSize: pageSizeName(guestShift),
      pageSize: mapped ? pageSizeName(t.path.leaf.shift) : null,
      isSmaller: mapped && t.path.leaf.shift < guestShift,
      sameBytes: same,
      story: tellWalk(pid, hva, t, target, regionText(regions, hva)),
    };
  }
}
