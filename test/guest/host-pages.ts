// SPDX-License-Identifier: GPL-2.0-only
// The nested walk where the host has the memory of a virtual machine in huge pages. The machine never runs: its memory,
// with page tables in it, is made here.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HUGE, Memory, PRESENT, USER, WRITE } from '../memory-image.ts';
import { CLI, type Part } from './image.ts';
import { Monitor } from './qemu.ts';

const BEGIN = 0x100000;
const ROOT = 0x101000;
const SMALL = 0x7f0000000000n;
const LARGE = SMALL + 0x200000n;
const POOL = '/sys/kernel/mm/hugepages/hugepages-2048kB';

/** A page of 4 KiB and one of 2 MiB. */
function memory(): Buffer {
  const m = new Memory([[BEGIN, 0x800000]]);
  const table = PRESENT | WRITE | USER;
  m.entry(ROOT, 254, 0x102000n | table);
  m.entry(0x102000, 0, 0x103000n | table);
  m.entry(0x103000, 0, 0x104000n | table);
  m.entry(0x103000, 1, 0x600000n | table | HUGE);
  m.entry(0x104000, 0, 0x400000n | table);
  m.fill(0x400000);
  m.fill(0x600000);
  return m.raw().file;
}

const BACKENDS: Record<string, string> = {
  // QEMU asks for huge pages of anonymous memory (madvise).
  'transparent huge pages': 'memory-backend-ram,id=ram,size=64M',
  hugetlb: 'memory-backend-memfd,id=ram,size=64M,hugetlb=on,hugetlbsize=2M,share=on',
};

interface Walked {
  pageSize: string;
  host: { pageSize: string; sameBytes: boolean; isSmaller: boolean };
}

async function walkOn(folder: string, backend: string): Promise<Record<string, Walked>> {
  const name = `host-pages-${process.pid}`;
  // One for the command line: each serves one program at a time.
  const [monitor, other] = ['ready', 'qmp'].map((socket) => join(folder, socket)) as [string, string];
  const child = spawn(
    'qemu-system-x86_64',
    [
      ['-S', '-accel', 'tcg', '-m', '64', '-nodefaults', '-display', 'none', '-name', `guest=${name}`],
      ['-object', backend, '-machine', 'pc,memory-backend=ram'],
      ['-device', `loader,file=${join(folder, 'raw')},addr=${BEGIN},force-raw=on`],
      [monitor, other].flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]),
    ].flat(),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const ended = new Promise((ok) => child.once('close', ok));
  const refused = ended.then(() => {
    throw new Error(`QEMU ended: ${said}`);
  });
  try {
    await Promise.race([Monitor.connect(monitor), refused]); // it is there
    const walk = (va: bigint) =>
      JSON.parse(
        execFileSync(CLI[0], [
          ...[CLI[1], 'walk', '--vm', name, '--root', ROOT.toString(16), '--levels', '4', '--json'],
          ...['root', va.toString(16)],
        ]).toString(),
      ) as Walked;
    return { '4K': walk(SMALL), '2M': walk(LARGE) };
  } finally {
    child.kill();
    await ended;
  }
}

/** Reserves huge pages of the host while `work` runs. */
async function withHugePages<T>(count: number, work: () => Promise<T>): Promise<T> {
  const before = Number(readFileSync(`${POOL}/nr_hugepages`, 'utf8'));
  writeFileSync(`${POOL}/nr_hugepages`, String(before + count));
  try {
    const reserved = Number(readFileSync(`${POOL}/nr_hugepages`, 'utf8')) - before;
    if (reserved < count) throw new Error(`the host has room for ${reserved} of ${count} huge pages`);
    return await work();
  } finally {
    writeFileSync(`${POOL}/nr_hugepages`, String(before));
  }
}

export async function testHostPages(): Promise<Part[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-host-pages-'));
  const parts: Part[] = [];
  try {
    writeFileSync(join(folder, 'raw'), memory());
    for (const [kind, backend] of Object.entries(BACKENDS)) {
      const walked = await withHugePages(kind === 'hugetlb' ? 32 : 0, () => walkOn(folder, backend));
      for (const [size, { pageSize, host }] of Object.entries(walked))
        parts.push({
          name: `nested walk on ${kind}`,
          pass: pageSize === size && host.pageSize === '2M' && host.sameBytes && !host.isSmaller,
          detail: `${pageSize} in the guest, ${host.pageSize} on the host, the same bytes in guest, QEMU and host: ${host.sameBytes}`,
        });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return parts;
}
