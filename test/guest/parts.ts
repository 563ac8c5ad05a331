// SPDX-License-Identifier: GPL-2.0-only
// What the scripts that run in a guest share: parts of a test, each of which prints "===part NAME pass|FAIL what".
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

export const node = process.execPath;

export interface Ran {
  /** The exit code, or the signal. */
  status: number | string | null;
  output: string;
}

export function run(program: string, args: string[], options: SpawnSyncOptions = {}): Ran {
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    maxBuffer: 1 << 28,
    ...options,
    encoding: 'utf8',
  });
  return { status: status ?? signal, output: `${stdout ?? ''}${stderr ?? ''}` };
}

let since = Date.now();
let findMore = () => '';

/** From now on a part also fails where this returns something to print. */
export function alsoFailOn(find: () => string): void {
  findMore = find;
}

/** Says how a part ended, and what it printed where it failed, which fails the run. */
export function part(name: string, pass: boolean, detail: string, output = ''): void {
  const more = findMore();
  if (!pass) console.log(output);
  if (more) console.log(more);
  if (!pass || more) process.exitCode = 1;
  const now = Date.now();
  const took = ((now - since) / 1000).toFixed(0);
  console.log(`===part ${name} ${pass && !more ? 'pass' : 'FAIL'} ${detail}${more ? '; COMPLAINTS' : ''} (${took} s)`);
  since = now;
}

/** Loads both modules. */
export function load(): Ran {
  const main = run('insmod', ['/run/cr3scope.ko']);
  return main.status === 0 ? run('insmod', ['/run/cr3scope-course.ko']) : main;
}

/** Files of vitest tests; the detail is its own count. */
export function tests(name: string, ...files: string[]): void {
  const { status, output } = run(node, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose', ...files]);
  const count = /Tests +(.*?) \(/.exec(output)?.[1] ?? 'no test ran';
  part(name, status === 0 && !/no test ran|skipped/.test(count), count, output);
}

/** Every page of every process, by three sources. */
export function checkAll(name: string): void {
  const { status, output } = run(node, ['out/main/cli.cjs', 'check', '--all', '--json']);
  const last = JSON.parse(output.trimEnd().split('\n').at(-1) || '{}');
  part(
    name,
    status === 0 && last.verdicts?.mismatch === 0 && last.sources?.length === 3,
    `--all: ${last.processes} processes, ${last.pages} pages, ${last.verdicts?.mismatch} mismatches, sources ${last.sources?.join(' + ')}`,
    output,
  );
}

/** The settings by which the live tests know where to swap and which device to map. */
export function givePlaces(): void {
  // A disk of the guest's own, for a real swap file.
  const disk = run('sh', ['-c', 'mkdir -p /mnt/disk && mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt/disk']);
  if (disk.status !== 0) part('disk', false, 'no disk for the swap file', disk.output);
  process.env.CR3SCOPE_SWAP_FOLDER = '/mnt/disk';
  // The memory of QEMU's display adapter, as a device that processes can map.
  process.env.CR3SCOPE_DEVICE = run('sh', [
    '-c',
    'echo $(dirname $(grep -l ^0x03 /sys/bus/pci/devices/*/class))/resource0',
  ]).output.trim();
}
