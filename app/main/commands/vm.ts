// SPDX-License-Identifier: GPL-2.0-only
// Virtual machines of this host: their list, and the rest of the way from a guest's address to the host's frame.
import { closeSync, openSync, readSync } from 'node:fs';
import { hex, hexVa, bytes as sizeText } from '../../contract/format.ts';
import { mapsFrame, PAGE_BYTES, pageOf, pageSizeName, pfnOf, physicalAddress } from '../../contract/paging.ts';
import { regionText } from '../../contract/regions.ts';
import { ENTRY_KINDS, FRAME_STATUS } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { tellWalk } from '../explorer/story.ts';
import { Failed } from '../sources/failed.ts';
import { listVms, type OpenedVm } from '../sources/qemu.ts';
import { type Json, print, say, table } from './output.ts';

export function vms({ json }: Json): number {
  const list = listVms();
  if (json) {
    for (const { shared, ...vm } of list) print({ ...vm, memoryIn: shared ? 'shared files' : 'the memory of QEMU' });
    return 0;
  }
  if (!list.length) say('There is no QEMU process on this host that this user can see.');
  else
    table(
      ['PID', 'MEMORY', 'IN', 'MONITOR', 'NAME'],
      list.map(({ pid, name, memoryBytes, monitors, shared }) => [
        String(pid),
        memoryBytes === null ? 'not said' : sizeText(memoryBytes),
        shared ? 'shared files' : 'QEMU',
        monitors.join(' ') || 'none',
        name,
      ]),
      new Set([0, 1]),
    );
  return 0;
}

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

/** From a physical address of the guest on: where QEMU and the host have it, and whether all three hold the same bytes. */
export async function nested(guest: Explorer, { vm, explorer }: Host, gpa: bigint, guestShift: number) {
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
      hva,
      hostPa: pa,
      guestPageSize: pageSizeName(guestShift),
      hostPageSize: mapped ? pageSizeName(t.path.leaf.shift) : null,
      smaller: mapped && t.path.leaf.shift < guestShift,
      /** Null where one of them could not be read. */
      sameBytes: same,
      verdict: t.row?.verdict[0] ?? null,
      story: () => tellWalk(pid, hva, t, target, regionText(regions, hva)),
    };
  }
}

/** The same in words. */
export function sayNested(gpa: bigint, n: Awaited<ReturnType<typeof nested>>): void {
  say();
  say(`guest physical 0x${hex(gpa)} is at ${hexVa(n.hva)} in QEMU, process ${n.pid}, which the host translates:`);
  for (const line of n.story()) say(line);
  if (n.hostPa === null) {
    say(
      'bytes      not compared: the host has no frame there now, so the guest reads zeros, or QEMU has it swapped out',
    );
    return;
  }
  say(
    `sizes      ${n.guestPageSize} in the guest, ${n.hostPageSize} on the host${n.smaller ? ': the CPU caches translations of the smaller size, so that the guest’s large page saves no TLB entries' : ''}`,
  );
  say(
    `bytes      ${
      n.sameBytes === null
        ? 'not compared: a frame could not be read'
        : n.sameBytes
          ? 'the guest’s frame, QEMU’s memory and the host’s frame hold the same bytes'
          : 'the three differ at each reading: the guest writes there now, or QEMU does. --freeze stops it meanwhile'
    }`,
  );
}
