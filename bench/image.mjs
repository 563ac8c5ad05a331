// SPDX-License-Identifier: GPL-2.0-only
// What a memory image costs: `node bench/image.mjs FILE [VMLINUX]`. Opening it to the process list, checking all processes,
// searching all of it beside memmem over the same file, and the memory that this takes. The file is read once before, but
// for the first opening. With the kernel's debug information also what drgn and crash take for their lists of processes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { VERDICT } from '../app/contract/verdicts.ts';
import { openSources } from '../app/main/sources/sources.ts';
import { ADDON_PATH } from '../test/addon.ts';
import { inTools } from '../test/guest/differential.ts';
import { imageFile } from '../test/memory-image.ts';
import { median } from './product.mjs';

const [path, option] = process.argv.slice(2);
const part = option === 'open' || option === 'check' ? option : undefined;
const TURNS = 5;
const NOWHERE = 0xf00dfeedc0dedeadn;
const line = (what, figure) => console.log(`${what.padEnd(58)} ${figure}`);
const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

async function times(work) {
  const list = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const begin = performance.now();
    await work();
    list.push((performance.now() - begin) / 1e3);
  }
  return median(list);
}

const openTo = async () => {
  const sources = await openSources(ADDON_PATH, imageFile(path));
  return { sources, count: (await sources.processes()).pid.length };
};

async function checkAll(sources) {
  const { pid, rootPa } = await sources.roots();
  let pages = 0n;
  let mismatches = 0n;
  for (const [i, each] of pid.entries()) {
    if (!rootPa[i]) continue;
    const { counts } = await sources.check(each, 0n, 0n, 1n << 63n, () => undefined).promise;
    pages += counts.reduce((sum, n) => sum + n, 0n);
    mismatches += counts[VERDICT.names.indexOf('mismatch')];
  }
  return { pages, mismatches };
}

/** For a process of its own, whose memory is then that of this part. */
const PARTS = {
  open: openTo,
  check: async () => checkAll((await openTo()).sources),
};
if (part) {
  await PARTS[part]();
  console.log(process.resourceUsage().maxRSS);
} else {
  const bytes = statSync(path).size;
  const program = 'out/memmem';
  execFileSync('gcc', ['-O2', '-o', program, 'bench/memmem.c']);
  // Out of the page cache: nothing of it is in memory.
  execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
  const first = performance.now();
  await openTo();
  const cold = (performance.now() - first) / 1e3;
  const memmem = execFileSync(program, [path, NOWHERE.toString(16), String(TURNS)], { encoding: 'utf8' });
  const { sources, count } = await openTo();
  line(`${sources.facts.image.findings[0]}, Linux ${sources.target.release}`, gib(bytes));
  const opened = await times(openTo);
  line('opening it, nothing of it in memory', `${cold.toFixed(3)} s`);
  line(`the same again, ${count} processes`, `${opened.toFixed(3)} s  (aim: at most 1 s)`);
  const { pages, mismatches } = await checkAll(sources);
  const checked = await times(async () => checkAll((await openTo()).sources));
  line('opening it and checking all processes', `${checked.toFixed(3)} s, ${pages} pages, ${mismatches} mismatches`);
  const pattern = Buffer.alloc(8);
  pattern.writeBigUInt64LE(NOWHERE);
  const mask = Buffer.alloc(8, 255);
  const search = () => sources.search(0, 0n, 1n << 52n, pattern, mask, 1n, () => undefined).promise;
  const searched = await times(search);
  const plain = median(memmem.trim().split('\n').map(Number));
  line('search of 8 bytes in all of it, two threads', `${(bytes / searched / 1e9).toFixed(2)} GB/s`);
  line('memmem of the same bytes over the mapped file', `${(bytes / plain / 1e9).toFixed(2)} GB/s`);
  line('  search against memmem', `${(plain / searched).toFixed(2)}x  (aim: at least 0.5x)`);
  for (const what of Object.keys(PARTS)) {
    const peak = execFileSync(process.execPath, [process.argv[1], path, what], { encoding: 'utf8' });
    line(`peak memory of a process that does ${what}`, `${(Number(peak) / 1024).toFixed(0)} MiB`);
  }
  if (option) await beside(option);
}

/** The same list by tools that need the kernel's debug information. */
async function beside(vmlinux) {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-bench-'));
  try {
    writeFileSync(join(folder, 'ps'), 'set scroll off\nps\nquit\n');
    writeFileSync(
      join(folder, 'ps.py'),
      `import drgn
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.mm import virt_to_phys
prog = drgn.Program()
prog.set_core_dump("/1/${basename(path)}")
prog.load_debug_info(["/0/${basename(vmlinux)}"])
print(len([(int(t.pid), t.comm.string_(), virt_to_phys(t.mm.pgd) if t.mm else 0) for t in for_each_task(prog)]))
`,
    );
    const folders = [dirname(vmlinux), dirname(path), folder];
    const [kernel, dump] = [`/0/${basename(vmlinux)}`, `/1/${basename(path)}`];
    for (const [tool, words] of [
      ['drgn', ['/usr/bin/python3', '/2/ps.py']],
      ['crash', ['/usr/bin/crash', '-s', '-i', '/2/ps', kernel, dump]],
    ])
      line(`${tool} to its list of processes`, `${(await times(() => inTools(folders, words))).toFixed(3)} s`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
