// Prints the figures of docs/performance.md: ratios of things measured side by side in this run.
import { execFileSync } from 'node:child_process';

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
