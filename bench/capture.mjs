// SPDX-License-Identifier: GPL-2.0-only
// A capture of a process of 4 KiB pages in no order, against the check alone: `node bench/capture.mjs PID` prints JSON.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const TURNS = 5;
const ADDON = fileURLToPath(new URL('../native/build/Release/cr3scope.node', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../out/bench/capture.mjs', import.meta.url));

const bundle = () =>
  build({
    stdin: {
      contents: `export * from './sources/sources.ts'; export * from './explorer/explorer.ts'; export * from './capture/record.ts';`,
      resolveDir: 'app/main',
    },
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    define: { CR3SCOPE_VERSION: '"bench"' },
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'warning',
  });

const seconds = async (work) => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

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

/** Touches every page of some GiB in a random order, so that no frame follows its neighbour's. */
const TOUCH = `const n = Number(process.argv[1]) << 18, order = new Uint32Array(n).map((_, i) => i);
for (let i = n - 1; i > 0; i--) { const k = Math.floor(Math.random() * (i + 1)); [order[i], order[k]] = [order[k], order[i]]; }
const parts = Array.from({ length: n >> 18 }, () => new Uint8Array(1 << 30));
for (const page of order) parts[page >> 18][(page & 262143) << 12] = 1;
console.log('ready'); process.stdin.resume();`;

export async function measureCapture(gib) {
  const child = spawn(process.execPath, ['-e', TOUCH, String(gib)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await bundle();
    const words = [fileURLToPath(import.meta.url), String(child.pid)];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  } finally {
    child.kill('SIGKILL');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
