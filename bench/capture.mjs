// SPDX-License-Identifier: GPL-2.0-only
// A capture of a process of 4 KiB pages in no order, against the check alone: `node bench/capture.mjs PID` prints JSON.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADDON, BUNDLE, bundle, median, seconds, startTouched } from './product.mjs';

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

export async function measureCapture(gib) {
  const child = await startTouched(gib);
  try {
    await bundle();
    const words = [fileURLToPath(import.meta.url), String(child.pid)];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  } finally {
    child.kill('SIGKILL');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
