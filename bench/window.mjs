// SPDX-License-Identifier: GPL-2.0-only
// How fast the window is where there is much to show: opening a process of 1 GiB and one of 20 000 mappings, scrolling long
// lists; what 200 processes leave in its memory; and in this checkout how fast it starts, and what it uses at rest. As root, on
// a quiet machine, in Chromium and Electron without a GPU: node bench/window.mjs [CHECKOUT…]
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { electronProgram, install } from '../test/e2e/installed.ts';
import { frameTimes } from './browser_frames.mjs';
import { measureBrowser, measureDesktop } from './window_process.mjs';

const MAPPINGS = 20_000;
const PROCESSES = 2_000;
/** Of one region: 10^10 pages. */
const RESERVED = 4096n * 10_000_000_000n;
const REPEATS = 5;
const OPENED = 200;
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
const TOUCH = `#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  char* all = mmap(0, 1ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED || madvise(all, 1ul << 30, MADV_NOHUGEPAGE)) return perror("1 GiB"), 1;
  memset(all, 1, 1ul << 30);
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

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

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

/** Bytes that the page's JavaScript uses after a collection. */
async function heapBytes(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

/** The heap after the first of many processes was opened, and after the last. */
async function measureHeap(page, pids) {
  await measureOpening(page, pids[0]);
  const first = await heapBytes(page);
  for (const pid of pids.slice(1)) await measureOpening(page, pid);
  return { first, last: await heapBytes(page) };
}

async function measureOpenings(page, { reserve, touch, mappings }) {
  const [opening, touched] = [[], []];
  for (let i = 0; i < REPEATS; i++) {
    // One with few regions before each: to take those of the other off the screen is a part of neither.
    await measureOpening(page, reserve.pid);
    touched.push(await measureOpening(page, touch.pid));
    await measureOpening(page, reserve.pid);
    opening.push(await measureOpening(page, mappings.pid));
  }
  return { opening: median(opening), touched: median(touched) };
}

async function measureLists(page, { reserve, many }) {
  await measureOpening(page, reserve.pid);
  const regions = page.getByRole('grid', { name: 'Regions' });
  await regions.getByText('37.3 TiB').click();
  await page.getByText(/of 10\D000\D000\D000 pages/).waitFor();
  const pages = await measureScrolling(page, 'Pages');
  const { pid, stop } = await start(many, String(PROCESSES));
  try {
    const isListed = (least) => document.querySelector('[aria-label=Processes][role=grid]').ariaRowCount > least;
    await page.waitForFunction(isListed, PROCESSES);
    const processes = await measureScrolling(page, 'Processes');
    return { pages, processes, heap: await measureHeap(page, childrenOf(pid).slice(0, OPENED)) };
  } finally {
    stop();
  }
}

async function measure(checkout, programs) {
  const { page, close } = await open(checkout);
  try {
    await page.getByRole('tab', { name: 'Address space' }).click();
    return { ...(await measureOpenings(page, programs)), ...(await measureLists(page, programs)) };
  } finally {
    await close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-bench-'));
const programs = {};
const line = (what, figure) => console.log(`  ${what.padEnd(58)} ${figure}`);
const MiB = (bytes) => (bytes / 2 ** 20).toFixed(1);
try {
  programs.reserve = await start(compile(folder, RESERVE));
  programs.touch = await start(compile(folder, TOUCH));
  programs.mappings = await start(compile(folder, readFileSync('test/fixtures/mappings.c', 'utf8')), String(MAPPINGS));
  const many = compile(folder, MANY);
  const checkouts = process.argv.length > 2 ? process.argv.slice(2) : ['.'];
  for (const checkout of checkouts) {
    const { opening, touched, pages, processes, heap } = await measure(resolve(checkout), { ...programs, many });
    const scrolled = ({ perSecond, worst }) =>
      `${perSecond.toFixed(1)} frames a second, the longest ${worst.toFixed(0)} ms  (aim: 60)`;
    console.log(checkout);
    line('opening a process of 1 GiB, to its verdicts', `${touched.toFixed(0)} ms  (aim: 100)`);
    line(`opening a process of ${MAPPINGS} mappings, to its verdicts`, `${opening.toFixed(0)} ms  (aim: 300)`);
    line('scrolling 10^10 pages', scrolled(pages));
    line(`scrolling ${PROCESSES} processes`, scrolled(processes));
    line(`heap of the page after 1 process, and after ${OPENED}`, `${MiB(heap.first)} MiB, ${MiB(heap.last)} MiB`);
  }
} finally {
  for (const program of Object.values(programs)) program.stop();
  rmSync(folder, { recursive: true });
}

process.env.CR3SCOPE_INSTALLED = install();
try {
  for (const [face, measureFace] of [
    ['desktop', measureDesktop],
    ['serve', measureBrowser],
  ]) {
    console.log(face);
    if (face === 'desktop' && !electronProgram()) {
      console.log('  not measured: Electron cannot be had here');
      continue;
    }
    const runs = [];
    for (let i = 1; i <= REPEATS; i++) runs.push(await measureFace(i === REPEATS));
    const { processes, cpuPercent, pssMiB } = runs.at(-1).rest;
    line(
      'from its start to the first process on screen',
      `${median(runs.map((run) => run.first)).toFixed(0)} ms  (aim: 1200)`,
    );
    line(`share of one CPU at rest, of ${processes} processes`, `${cpuPercent.toFixed(2)} %  (aim: below 1)`);
    line('their memory (PSS)', `${pssMiB.toFixed(0)} MiB`);
  }
} finally {
  rmSync(process.env.CR3SCOPE_INSTALLED, { recursive: true });
}
