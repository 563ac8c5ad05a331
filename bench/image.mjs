// SPDX-License-Identifier: GPL-2.0-only
// What a memory image costs: `node bench/image.mjs FILE`. Opening it to the process list, checking all processes, searching
// all of it beside memmem over the same file, and the memory that this takes. The file is read once before.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { VERDICT } from '../app/contract/verdicts.ts';
import { openSources } from '../app/main/sources/sources.ts';
import { ADDON_PATH } from '../test/addon.ts';
import { imageFile } from '../test/memory-image.ts';
import { median } from './product.mjs';

const [path, part] = process.argv.slice(2);
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
  const memmem = execFileSync(program, [path, NOWHERE.toString(16), String(TURNS)], { encoding: 'utf8' });
  const { sources, count } = await openTo();
  line(`${sources.facts.image.findings[0]}, Linux ${sources.target.release}`, gib(bytes));
  const opened = await times(openTo);
  line(`opening it to the list of ${count} processes`, `${opened.toFixed(3)} s  (aim: at most 1 s)`);
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
}
