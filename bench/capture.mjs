// SPDX-License-Identifier: GPL-2.0-only
// A capture of a process of 4 KiB pages in no order, against the check alone: `node bench/capture.mjs PID` prints JSON.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADDON, BUNDLE, measureTouched, median, seconds } from './product.mjs';

const TURNS = 5;

async function measure(pid) {
  const { openSources, Explorer, Recorder } = await import(BUNDLE);
  const explorer = new Explorer(await openSources(ADDON));
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-bench-'));
  const file = join(folder, 'x.cr3scope');
  const [checks, captures] = [[], []];
  let pages = 0;
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      checks.push(await seconds(() => explorer.check(pid, 0n, 0n, 1n << 63n, () => undefined).promise));
      captures.push(
        await seconds(async () => {
          const recorder = await Recorder.begin(explorer, file, true, { frames: 'none', bytes: false });
          pages = Number((await recorder.addProcess({ pid, startTicks: 0n })).counts[0]);
          recorder.finish();
        }),
      );
    }
    const bytes = statSync(file).size;
    const peakKiB = process.resourceUsage().maxRSS;
    return { checkSeconds: median(checks), captureSeconds: median(captures), pages, bytes, peakKiB };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const measureCapture = (gib) => measureTouched(import.meta.url, gib);

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
