// SPDX-License-Identifier: GPL-2.0-only
// Prints the figures of docs/performance.md: ratios of things measured side by side in this run.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { openBrowser, openBrowserAsRoot } from '../test/e2e/faces.ts';
import { install } from '../test/e2e/installed.ts';
import { buildModule, fetchKernel } from '../test/guest/kernels.ts';
import { boot, variant } from '../test/guest/qemu.ts';
import { measureCapture } from './capture.mjs';
import { measureHelper } from './helper.mjs';
import { measureHexView } from './hex_view.mjs';

const r = JSON.parse(execFileSync('native/build/Release/core_bench', { encoding: 'utf8' }));
const ms = (s) => `${(s * 1e3).toFixed(2)} ms`;
const line = (what, figure) => console.log(`${what.padEnd(58)} ${figure}`);

console.log('1 GiB of touched 4 KiB pages, medians of 9 turns, both sides of a ratio in the same run\n');
line(
  'table walk of all entries',
  `${ms(r.walkSeconds)}  (${(r.entries / r.walkSeconds / 1e6).toFixed(0)} M entries/s)`,
);
line('pagemap read of the same pages', ms(r.pagemapSeconds));
line('  table walk against pagemap', `${(r.pagemapSeconds / r.walkSeconds).toFixed(1)}x as fast`);
line('whole check (both sources, compared, verified)', ms(r.checkSeconds));
line('bare pagemap read of the same pages', ms(r.barePagemapSeconds));
line(
  '  check against the read it cannot avoid',
  `${(r.checkSeconds / r.barePagemapSeconds).toFixed(2)}x its time  (aim: at most 1.15x)`,
);
line('  pages that agreed / did not', `${r.checkAgree} / ${r.checkOther}`);
line('frames read through bpf', `${(r.frameBytes / r.frameSeconds / 1e9).toFixed(2)} GB/s`);
line('memcpy of the same pages', `${(r.frameBytes / r.memcpySeconds / 1e9).toFixed(2)} GB/s`);
line('  frame read against memcpy', `${(r.memcpySeconds / r.frameSeconds).toFixed(2)}x`);
line(`roots of ${r.roots} thread groups in one pass (bpf)`, ms(r.rootsSeconds));
line(`process list of ${r.processes} processes (/proc)`, ms(r.processListSeconds));
line('peak memory of a check of 1 GiB of address space', `${(r.peak1GiBKiB / 1024).toFixed(1)} MiB`);
line('peak memory of a check of 64 GiB of address space', `${(r.peak64GiBKiB / 1024).toFixed(1)} MiB`);
line(
  'search of 8 bytes in the frames of that GiB, two threads',
  `${(r.frameBytes / r.searchSeconds / 1e9).toFixed(2)} GB/s`,
);
line('memmem of the same bytes in user memory', `${(r.frameBytes / r.memmemSeconds / 1e9).toFixed(2)} GB/s`);
line('  search against memmem', `${(r.memmemSeconds / r.searchSeconds).toFixed(2)}x  (aim: at least 0.5x)`);
line(
  'reverse map of 16 GiB of mapped 4 KiB pages, and all else',
  `${r.reverseSeconds.toFixed(2)} s  (aim: at most 1 s)`,
);
line(
  '  mappings, and bytes a mapping',
  `${(r.reverseEntries / r.reverseSeconds / 1e6).toFixed(0)} M/s, ${(r.reverseBytes / r.reverseEntries).toFixed(1)}`,
);

line(
  `watch of ${r.watchedPages} pages at 10 Hz: share of one core`,
  `${((100 * r.watchCpuSeconds) / r.watchSeconds).toFixed(2)} %  (aim: at most 2 %)`,
);
line(
  '  the same, and records of causes',
  `${((100 * r.causesCpuSeconds) / r.causesSeconds).toFixed(2)} %  (aim: at most 2 %)`,
);
line('  its first look at each of them', ms(r.watchFirstSeconds));
line('first touch of a page elsewhere, without records', `${r.touchNs.toFixed(0)} ns`);
line('  the same, while causes are recorded', `${r.causesTouchNs.toFixed(0)} ns`);
line('a system call elsewhere, without records', `${r.callNs.toFixed(0)} ns`);
line('  the same, while causes are recorded', `${r.causesCallNs.toFixed(0)} ns`);

process.env.CR3SCOPE_INSTALLED = install();
const times = (t) => `${t.median.toFixed(1)} ms, slowest hundredth ${t.slow.toFixed(1)} ms`;
try {
  for (const [how, open] of [
    ['as root', openBrowserAsRoot],
    ['through a helper', openBrowser],
  ]) {
    const { idle, held } = await measureHexView(open);
    line(`hex view ${how}, Page Down held: time a frame`, times(held));
    line('  the same at rest', times(idle));
    line('  frames a second', `${held.perSecond.toFixed(0)}, at rest ${idle.perSecond.toFixed(0)}  (aim: 60)`);
  }
} finally {
  rmSync(process.env.CR3SCOPE_INSTALLED, { recursive: true });
}

const beside = (what, { own, through }, aim = '') =>
  line(`${what} through a helper, and in process`, `${ms(through)}, ${ms(own)}: ${(through / own).toFixed(2)}x${aim}`);
const helped = await measureHelper();
beside('check of 1 GiB', helped.check, '  (aim: at most 1.1x)');
beside('capture of 1 GiB', helped.capture, '  (aim: at most 1.25x)');
beside('search of 1 GiB', helped.search);
beside('process list', helped.processes);
beside('64 frames', helped.frames);

const [small, large] = [await measureCapture(1), await measureCapture(4)];
line('capture of 4 GiB of 4 KiB pages in no order', ms(large.captureSeconds));
line('check of the same alone', ms(large.checkSeconds));
line(
  '  capture against check',
  `${(large.checkSeconds / large.captureSeconds).toFixed(2)}x its speed  (aim: at least 0.33x)`,
);
line('  bytes a page in the file', (large.bytes / large.pages).toFixed(2));
line(
  '  peak memory of the whole program, and for 1 GiB',
  `${(large.peakKiB / 1024).toFixed(0)} MiB, ${(small.peakKiB / 1024).toFixed(0)} MiB`,
);

// The module can't be loaded on every machine, and needs no trust in this one: it is measured in a guest. Software emulation
// makes everything slower, and not by the same factor; only the ratios say something.
const kernel = fetchKernel('6.12');
const { output } = await boot(
  kernel,
  buildModule(kernel),
  variant('plain'),
  'insmod /run/cr3scope.ko && native/build/Release/module_bench',
);
const m = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? 'null');
if (!m) throw new Error(`the guest did not measure:\n${output}`);
const ns = (n) => `${n.toFixed(1)} ns a page`;
console.log(
  `\nIn a QEMU guest (emulated CPU), Linux ${kernel.release}, 256 MiB of touched 4 KiB pages, medians of 5 turns\n`,
);
line('module: walk range', ns(m.rangeNs));
line('pagemap read of the same pages', ns(m.pagemapNs));
line('  walk range against pagemap', `${(m.pagemapNs / m.rangeNs).toFixed(2)}x as fast`);
line('module: one call a page', ns(m.singleNs));
line('  walk range against one call a page', `${(m.singleNs / m.rangeNs).toFixed(0)}x as fast`);
line('  pages that agreed with pagemap / all', `${m.agreed} / ${m.pages}`);
