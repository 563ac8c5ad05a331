// SPDX-License-Identifier: GPL-2.0-only
// What the benchmarks of the product share: its code as one bundle, a process to look at, and times.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const binary = (name) => fileURLToPath(new URL(`../native/build/Release/${name}`, import.meta.url));
export const ADDON = binary('cr3scope.node');
export const HELPER = binary('cr3scope-helper');
export const BUNDLE = fileURLToPath(new URL('../out/bench/product.mjs', import.meta.url));

/** Bundles what the benchmarks use of the product. */
const bundle = () =>
  build({
    stdin: {
      contents: ['sources/sources', 'sources/helper', 'explorer/explorer', 'capture/record']
        .map((name) => `export * from './${name}.ts';`)
        .join('\n'),
      resolveDir: 'app/main',
    },
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    define: { CR3SCOPE_VERSION: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version) },
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'warning',
  });

export const seconds = async (work) => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
};
export const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Touches every page of some GiB in a random order, so that no frame follows its neighbour's. */
const TOUCH = `const n = Number(process.argv[1]) << 18, order = new Uint32Array(n).map((_, i) => i);
for (let i = n - 1; i > 0; i--) { const k = Math.floor(Math.random() * (i + 1)); [order[i], order[k]] = [order[k], order[i]]; }
const parts = Array.from({ length: n >> 18 }, () => new Uint8Array(1 << 30));
for (const page of order) parts[page >> 18][(page & 262143) << 12] = 1;
console.log('ready'); process.stdin.resume();`;

/** Runs a benchmark in a process of its own on one of that many GiB, and returns the JSON that it prints. */
export async function measureTouched(script, gib) {
  const child = spawn(process.execPath, ['-e', TOUCH, String(gib)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await bundle();
    const words = [fileURLToPath(script), String(child.pid)];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  } finally {
    child.kill('SIGKILL');
  }
}
