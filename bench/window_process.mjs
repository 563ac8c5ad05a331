// SPDX-License-Identifier: GPL-2.0-only
// What the window costs as a program: how long it takes to start, and what it uses at rest. Both faces run as an ordinary user,
// as they are installed.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chromium } from 'playwright-core';
import { BROWSER_FLAGS, display, startServerAsUser } from '../test/e2e/faces.ts';
import { accountFolder, electronProgram, installed, spawnInstalled } from '../test/e2e/installed.ts';

/** Without input for this long, the window reads less often, and V8 has ended what it puts off at the start. */
const UNTIL_REST_MS = 90_000;
const REST_MS = 60_000;
/** Of the clock in /proc/PID/stat: USER_HZ, a constant of x86. */
const TICKS_PER_SECOND = 100;

/** In the page: resolves to the time by the wall clock, in ms, of the first frame in which `found` is true. */
const firstFrame = (found) => `new Promise((ok) => {
  const look = () => (${found} ? ok(Date.now()) : requestAnimationFrame(look));
  look();
})`;
const FIRST_PROCESS = firstFrame("document.querySelector('[aria-label=Processes] [role=gridcell]')");
const CHECKED = firstFrame("/pages checked in/.test(document.querySelector('footer')?.textContent)");

/** The process and all that descend from it. */
function treeOf(root) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [[Number(name), Number(/\) . (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1])]];
      } catch {
        return []; // it has exited
      }
    });
  const tree = new Set([root]);
  for (let before = 0; before !== tree.size; ) {
    before = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** User and system time of processes, in seconds. */
const cpuSeconds = (pids) =>
  pids.reduce((sum, pid) => {
    const words = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return sum + (Number(words[11]) + Number(words[12])) / TICKS_PER_SECOND;
  }, 0);

/** Their proportional set size, in MiB. */
const pssMiB = (pids) =>
  pids.reduce(
    (sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024,
    0,
  );

/** The helpers that this program started for the faces. */
const helpers = () =>
  treeOf(process.pid).filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('cr3scope-helpe'));

/** What these processes, their descendants and the helper use while nobody touches the window. Takes two and a half minutes. */
async function measureRest(evaluate, root) {
  await evaluate(CHECKED);
  await new Promise((ok) => setTimeout(ok, UNTIL_REST_MS));
  const pids = [...treeOf(root), ...helpers()];
  const [begin, before] = [performance.now(), cpuSeconds(pids)];
  await new Promise((ok) => setTimeout(ok, REST_MS));
  const share = (cpuSeconds(pids) - before) / ((performance.now() - begin) / 1000);
  return { processes: pids.length, cpuPercent: share * 100, pssMiB: pssMiB(pids) };
}

/** What the debugger of a page answers; undefined if the page was left meanwhile. */
async function ask(debuggerUrl, expression) {
  const socket = new WebSocket(debuggerUrl);
  await new Promise((ok) => socket.addEventListener('open', ok));
  const answer = new Promise((ok) => socket.addEventListener('message', ({ data }) => ok(JSON.parse(data))));
  const params = { expression, awaitPromise: true, returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  const { result } = await answer;
  socket.close();
  return result?.result.value;
}

/** Evaluates expressions in the page of a Chromium whose debugger listens at a port. Playwright can't attach to Electron. */
const evaluator = (port) => async (expression) => {
  for (;;) {
    const [page] = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const value = page?.url.includes('index.html') && (await ask(page.webSocketDebuggerUrl, expression));
    if (value) return value;
  }
};

/** From the start of Electron. `rest`: also what it uses at rest. */
export async function measureDesktop(rest) {
  const folder = installed();
  const screen = await display();
  const profile = accountFolder(folder);
  const program = join(folder, 'electron', basename(electronProgram()));
  const started = Date.now();
  const words = ['--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`, folder];
  const child = spawnInstalled(folder, [program, ...words], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: screen.name },
  });
  try {
    const port = join(profile, 'DevToolsActivePort');
    while (!existsSync(port)) await new Promise((ok) => setTimeout(ok, 5));
    const evaluate = evaluator(Number(readFileSync(port, 'utf8').split('\n')[0]));
    const first = (await evaluate(FIRST_PROCESS)) - started;
    return { first, rest: rest && (await measureRest(evaluate, child.pid)) };
  } finally {
    child.kill('SIGTERM');
    await new Promise((ok) => child.once('exit', ok));
    screen.stop();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** From the start of `cr3scope serve`, in a browser that runs already, whose own processes are not counted at rest. */
export async function measureBrowser(rest) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_FLAGS });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const started = Date.now();
  const { url, child } = await startServerAsUser();
  try {
    await page.goto(url);
    const evaluate = (expression) => page.evaluate(expression);
    const first = (await evaluate(FIRST_PROCESS)) - started;
    return { first, rest: rest && (await measureRest(evaluate, child.pid)) };
  } finally {
    await browser.close();
    child.kill('SIGTERM');
  }
}
