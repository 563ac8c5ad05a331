// SPDX-License-Identifier: GPL-2.0-only
// The same work in this process and through a helper, in turns: `node bench/helper.mjs PID` prints JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADDON, BUNDLE, HELPER, measureTouched, median, seconds } from './product.mjs';

const TURNS = 21;
/** Frames that the hex view reads at a time. */
const FRAMES = 64;

async function measure(pid) {
  const { openSources, sourcesOf, Explorer, Recorder, HelperCarrier, spawnHelper } = await import(BUNDLE);
  const carrier = await HelperCarrier.open(spawnHelper([HELPER]));
  const ways = [new Explorer(await openSources(ADDON)), new Explorer(await sourcesOf(carrier))];
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-bench-'));
  const everything = [0n, 1n << 63n];
  const pattern = { bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), mask: new Uint8Array(8).fill(255) };
  const works = {
    check: (e) => e.check(pid, 0n, ...everything, () => undefined).promise,
    capture: async (e) => {
      const recorder = await Recorder.begin(e, join(folder, 'x.cr3scope'), true, { frames: 'none', bytes: false });
      await recorder.addProcess({ pid, startTicks: 0n });
      recorder.finish();
    },
    search: (e) => e.search(pid, ...everything, pattern, 100n, () => undefined).promise,
    processes: (e) => e.processes(),
    frames: (e) => e.frames({ pfn: 0x10_0000n, count: FRAMES }),
  };
  const result = {};
  try {
    for (const [name, work] of Object.entries(works)) {
      const times = [[], []];
      for (let turn = 0; turn < TURNS; turn++) {
        // Neither is always the one that finds what the other has left in the caches.
        for (const way of turn % 2 ? [1, 0] : [0, 1]) times[way].push(await seconds(() => work(ways[way])));
      }
      const [own, through] = times.map(median);
      result[name] = { own, through };
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true });
    carrier.close();
  }
}

/** Medians in seconds of each work on 1 GiB, in this process and through a helper. */
export const measureHelper = () => measureTouched(import.meta.url, 1);

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
