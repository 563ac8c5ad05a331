// SPDX-License-Identifier: GPL-2.0-only
// Runs a program of native/labs, driven by hand.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { LabName } from '../app/contract/labs.ts';

export const LABS_PROGRAM = 'native/build/Release/labs';

/** Whether reading an untouched page maps the shared page of zeros, and not a frame of its own. */
export const READS_MAP_ZERO_PAGE = !readFileSync('/proc/cmdline', 'utf8').includes('pvm_no_zero_page=1');

/** The first page that it names at its first step; `go` resolves once the next step is done. */
export async function startLabProgram(name: LabName) {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(LABS_PROGRAM, [name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const step = async () => {
    const pages: { pid: number; va: bigint }[] = [];
    for (;;) {
      const [word, , pid, va] = String((await lines.next()).value).split(' ');
      if (word === 'step') return pages;
      pages.push({ pid: Number(pid), va: BigInt(`0x${va}`) });
    }
  };
  const [first] = (await step()) as [{ pid: number; va: bigint }];
  return {
    ...first,
    go: () => {
      child.stdin.write('\n');
      return step();
    },
    end: () => child.kill('SIGKILL'),
  };
}
