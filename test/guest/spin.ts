// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest: says what the module and the table walk know of a spinning process, in one line for the oracle on the
// host, and keeps it spinning until stdin closes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

/** What it says; numbers in hex where they may be large. */
export interface Said {
  pid: number;
  root: string;
  levels: number;
  pti: boolean;
  /** The loop that the process spins in. */
  low: string;
  high: string;
  pages: {
    name: string;
    va: string;
    pfn: string;
    walkPfn: string;
    /** By level. */
    tables: string[];
    entries: string[];
    userRoot: string | null;
    status: number;
    bytes: string;
    sha256: string;
  }[];
  cpus: { cpu: number; cr0: string; cr4: string; efer: string }[];
}

const child = spawn('out/fixtures/spin', [], { stdio: ['ignore', 'pipe', 'inherit'] });
const cases: [name: string, va: bigint, pages: number][] = [];
let low = '';
let high = '';
for await (const line of createInterface({ input: child.stdout })) {
  const [word, ...rest] = line.split(' ');
  if (word === 'case') cases.push([rest[0] as string, BigInt(`0x${rest[2]}`), Number(rest[3])]);
  if (word === 'spin') [low = '', high = ''] = rest;
  if (word === 'ready') break;
}
const sources = await openSources(ADDON_PATH);
const pid = child.pid as number;
const hex = (n: bigint) => n.toString(16);
const pages: Said['pages'] = [];
let root = 0n;
for (const [name, va, count] of cases)
  for (const page of [0, count >> 1, count - 1]) {
    const at = va + BigInt(page) * 4096n;
    const t = await sources.translate(pid, 0n, at);
    if (!t.kernel) throw new Error('the module is not loaded');
    root = t.rootPa;
    const pfn = t.kernel.word & ((1n << 50n) - 1n);
    const { bytes, status } = await sources.frames(BigUint64Array.of(pfn));
    pages.push({
      name,
      va: hex(at),
      pfn: hex(pfn),
      walkPfn: hex(t.path.leaf.pfn + ((at & ((1n << BigInt(t.path.leaf.shift)) - 1n)) >> 12n)),
      tables: Array.from(t.kernel.table, hex),
      entries: Array.from(t.kernel.entry, hex),
      userRoot: t.userKernel ? hex(t.userKernel.rootPa) : null,
      status: status[0] as number,
      bytes: Buffer.from(bytes.subarray(0, 64)).toString('hex'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
const { cpu, cr0, cr4, efer } = await sources.cpus();
const cpus = Array.from(cpu, (n, i) => ({
  cpu: n,
  cr0: hex(cr0[i] as bigint),
  cr4: hex(cr4[i] as bigint),
  efer: hex(efer[i] as bigint),
}));
const { levels, pti } = sources.target;
const said: Said = { pid, root: hex(root), levels, pti, low, high, pages, cpus };
process.stdout.write(`===oracle ${JSON.stringify(said)}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  child.kill('SIGKILL');
  process.exit(0);
});
