// SPDX-License-Identifier: GPL-2.0-only
// Virtual machines of this host: their list, and the rest of the way from a guest's address to the host's frame.
import type { HostWalk } from '../../contract/api.ts';
import { hex, hexVa, bytes as sizeText } from '../../contract/format.ts';
import { sayBytes, saySizes } from '../../contract/hostWalk.ts';
import { listVms } from '../sources/qemu.ts';
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

/** The way on the host in words. */
export function sayHostWalk(gpa: bigint, walk: HostWalk): void {
  say();
  say(`guest physical 0x${hex(gpa)} is at ${hexVa(walk.va)} in QEMU, process ${walk.pid}, which the host translates:`);
  for (const line of walk.story) say(line);
  if (walk.pa !== null) say(`sizes      ${saySizes(walk)}`);
  say(`bytes      ${sayBytes(walk)}`);
}
