// SPDX-License-Identifier: GPL-2.0-only
// How fast the window is where there is much to show: opening a process of 20 000 mappings, and scrolling long lists. As root,
// on a quiet machine, in Chromium without a GPU: node bench/window.mjs [CHECKOUT…]
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { frameTimes } from './browser_frames.mjs';

const MAPPINGS = 20_000;
const PROCESSES = 2_000;
/** Of one region: 10^10 pages. */
const RESERVED = 4096n * 10_000_000_000n;
const REPEATS = 5;
const SCROLL_MS = 4000;

const firstLine = (child) => new Promise((ok) => createInterface({ input: child.stdout }).once('line', ok));
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Compiles a C program; returns its path. */
function compile(folder, source) {
  const path = join(folder, `${source.length}`);
  writeFileSync(`${path}.c`, source);
  execFileSync('gcc', ['-O2', '-o', path, `${path}.c`]);
  return path;
}

const RESERVE = `#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  if (mmap(0, ${RESERVED}ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) return perror("mmap"), 1;
  puts("ready");
  fflush(stdout);
  return pause();
}
`;
const MANY = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char** argv) {
  for (int i = atoi(argv[argc - 1]); i > 0; i--)
    if (fork() == 0) return pause();
  puts("ready");
  fflush(stdout);
  return pause();
}
`;

async function start(path, ...words) {
  const child = spawn(path, words, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  if ((await firstLine(child)) !== 'ready') throw new Error(`${path} is not ready`);
  return { pid: child.pid, stop: () => process.kill(-child.pid, 'SIGKILL') };
}

/** The window of a checkout in a browser. */
async function open(checkout) {
  const server = spawn(process.execPath, ['out/main/cli.cjs', 'serve', '--json'], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { url } = JSON.parse(await firstLine(server));
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await page.goto(`${url}&link=cr3scope://cpus`);
  await page.getByRole('heading', { name: 'CPU 0' }).waitFor();
  return {
    page,
    close: async () => {
      await browser.close();
      server.kill();
    },
  };
}

/** Ms from Enter in the box to the first frame that shows the process with its verdicts. */
async function measureOpening(page, pid) {
  const box = page.getByLabel('Go to a process, address, frame or entry');
  await box.fill(String(pid));
  await page.evaluate((wanted) => {
    window.opened = new Promise((ok) => {
      addEventListener(
        'keydown',
        () => {
          const begin = performance.now();
          const look = () => {
            const isThere =
              document.querySelector('section[aria-label="Address space"] h2')?.textContent?.startsWith(`${wanted} `) &&
              /pages checked/.test(document.querySelector('footer')?.textContent ?? '') &&
              document.querySelector('[aria-label=Regions] .bar');
            if (isThere) ok(performance.now() - begin);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        },
        { once: true, capture: true },
      );
    });
  }, pid);
  await box.press('Enter');
  return page.evaluate(() => window.opened);
}

/** Frames a second while a list is scrolled by the wheel, and the longest time between two of them, in ms. */
async function measureScrolling(page, list) {
  const box = await page.getByRole('grid', { name: list }).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const { times } = await frameTimes(page, SCROLL_MS, async () => {
    await page.mouse.wheel(0, 120);
    await new Promise((ok) => setTimeout(ok, 16));
  });
  return { perSecond: (times.length * 1000) / times.reduce((a, b) => a + b, 0), worst: Math.max(...times) };
}

async function measure(checkout, programs) {
  const { page, close } = await open(checkout);
  try {
    await page.getByRole('tab', { name: 'Address space' }).click();
    const opening = [];
    for (let i = 0; i < REPEATS; i++) {
      await measureOpening(page, programs.reserve.pid);
      opening.push(await measureOpening(page, programs.mappings.pid));
    }
    await measureOpening(page, programs.reserve.pid);
    const regions = page.getByRole('grid', { name: 'Regions' });
    await regions.getByText('37.3 TiB').click();
    await page.getByText(/of 10\D000\D000\D000 pages/).waitFor();
    const pages = await measureScrolling(page, 'Pages');
    const processes = await measureScrolling(page, 'Processes');
    return { opening: median(opening), pages, processes };
  } finally {
    await close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-bench-'));
const programs = {};
try {
  programs.reserve = await start(compile(folder, RESERVE));
  programs.mappings = await start('out/fixtures/mappings', String(MAPPINGS));
  programs.many = await start(compile(folder, MANY), String(PROCESSES));
  const checkouts = process.argv.length > 2 ? process.argv.slice(2) : ['.'];
  for (const checkout of checkouts) {
    const { opening, pages, processes } = await measure(resolve(checkout), programs);
    console.log(`${checkout}`);
    console.log(`  opening a process of ${MAPPINGS} mappings, to its verdicts   ${opening.toFixed(0)} ms`);
    for (const [what, { perSecond, worst }] of [
      ['10^10 pages', pages],
      [`${PROCESSES} processes`, processes],
    ])
      console.log(
        `  scrolling ${what.padEnd(16)} ${perSecond.toFixed(1)} frames a second, the longest ${worst.toFixed(0)} ms`,
      );
  }
} finally {
  for (const program of Object.values(programs)) program.stop();
  rmSync(folder, { recursive: true });
}
