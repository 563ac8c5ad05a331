// SPDX-License-Identifier: GPL-2.0-only
// The independent oracle: QEMU knows the guest's CPU and memory from outside. With a process spinning in the guest it is
// asked for CR3, for translations and for bytes, and compared with what cr3scope says in the guest.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Guest, Monitor } from './qemu.ts';
import type { Said } from './spin.ts';

const ADDRESS = 0x000ffffffffff000n;
const big = (hex: string) => BigInt(`0x${hex}`);
/** What a pattern finds first in a text. */
const found = (pattern: RegExp, text: string) => pattern.exec(text)?.[1] ?? '';

async function registers(monitor: Monitor, cpu: number) {
  const text = await monitor.human('info registers', cpu);
  const value = (name: string) => big(found(new RegExp(`\\b${name}=([0-9a-f]+)`), text));
  return {
    rip: value('RIP'),
    cpl: Number(found(/CPL=(\d)/, text)),
    cr0: value('CR0'),
    cr3: value('CR3'),
    cr4: value('CR4'),
    efer: value('EFER'),
  };
}

type Registers = Awaited<ReturnType<typeof registers>>;

async function physical({ monitor, folder }: Guest, address: bigint, bytes: number): Promise<Buffer> {
  const file = join(folder, 'memory');
  await monitor.run('pmemsave', { val: Number(address), size: bytes, filename: file });
  const data = readFileSync(file);
  rmSync(file);
  return data;
}

/** Compares; resolves to the failures in words and the number of comparisons made. */
export async function askOracle(guest: Guest, said: Said): Promise<{ failures: string[]; checked: number }> {
  const { monitor } = guest;
  const failures: string[] = [];
  let checked = 0;
  const same = <T extends bigint | number | string>(what: string, ours: T | undefined, qemus: T | undefined) => {
    checked++;
    const tell = (value: T | undefined) => (typeof value === 'string' ? value : value?.toString(16));
    if (ours !== qemus) failures.push(`${what}: cr3scope ${tell(ours)}, QEMU ${tell(qemus)}`);
  };
  const root = big(said.root);
  const user = said.pti ? root | 0x1000n : root;
  const cpus = ((await monitor.run('query-cpus-fast')) as unknown[]).length;
  same('number of CPUs', said.cpus.length, cpus);

  // Sampled until the process was seen in its loop in user mode, and under PTI in the kernel, too.
  let inUser = 0;
  let inKernel = 0;
  for (let i = 0; i < 400 && (inUser < 3 || (said.pti && inKernel < 1)); i++) {
    await monitor.run('stop');
    for (let cpu = 0; cpu < cpus; cpu++) {
      const r = await registers(monitor, cpu);
      if ((r.cr3 & ADDRESS & ~0x1000n) !== (root & ~0x1000n)) continue; // another process
      if (r.cpl === 3 && r.rip >= big(said.low) && r.rip < big(said.high)) {
        if (inUser++ === 0) await compare(cpu, r);
        same('CR3 in user mode', user, r.cr3 & ADDRESS);
      } else if (r.cpl === 0 && (r.cr3 & ADDRESS) === root) inKernel++;
    }
    await monitor.run('cont');
    await new Promise((later) => setTimeout(later, 15));
  }
  if (inUser === 0) failures.push('the process was never seen in its loop');
  if (said.pti && inKernel === 0) failures.push('the kernel root was never seen in CR3');

  // With the machine stopped in the process.
  async function compare(cpu: number, r: Registers) {
    const module = said.cpus.find((c) => c.cpu === cpu);
    for (const name of ['cr0', 'cr4', 'efer'] as const) {
      // TS and the like may be set on the way; what the module read was the same CPU in the kernel.
      same(`${name.toUpperCase()} of CPU ${cpu}`, module && big(module[name]), r[name]);
    }
    const userRoot = said.pages[0]?.userRoot;
    if (said.pti && userRoot) same('user root', big(userRoot), r.cr3 & ADDRESS);
    for (const page of said.pages) {
      const where = `${page.name} ${page.va}`;
      same(`frame of ${where} by the table walk`, big(page.walkPfn), big(page.pfn));
      const answer = await monitor.human(`gva2gpa 0x${page.va}`, cpu);
      const gpa = found(/gpa: 0x([0-9a-f]+)/, answer);
      same(`frame of ${where}`, big(page.pfn), gpa ? big(gpa) >> 12n : undefined);
      for (let level = 1; level <= said.levels; level++) {
        const table = big(page.tables[level] ?? '0');
        if (table === 0n) continue;
        const index = (big(page.va) >> BigInt(3 + 9 * level)) & 511n;
        const entry = (await physical(guest, table + index * 8n, 8)).readBigUInt64LE();
        const informative = ~0x60n; // A and D are the hardware's to set
        same(`entry of ${where} at level ${level}`, big(page.entries[level] ?? '0') & informative, entry & informative);
      }
      same(`status of the frame of ${where}`, page.status, 0);
      const bytes = await physical(guest, big(page.pfn) << 12n, 4096);
      same(`bytes of ${where}`, page.sha256, createHash('sha256').update(bytes).digest('hex'));
      const xp = await monitor.human(`xp /8gx 0x${(big(page.pfn) << 12n).toString(16)}`, cpu);
      const words = [...xp.matchAll(/0x([0-9a-f]{16})/g)].map((m) => big(m[1] ?? ''));
      const first = Buffer.from(page.bytes, 'hex');
      words.forEach((word, i) => {
        same(`xp word ${i} of ${where}`, first.readBigUInt64LE(i * 8), word);
      });
      same(`number of xp words of ${where}`, 8, words.length);
    }
  }
  return { failures, checked };
}
