// SPDX-License-Identifier: GPL-2.0-only
// Which command takes which capabilities: compares the table of docs/security.md with what this machine allows.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const NOBODY = '65534';

const section = readFileSync('docs/security.md', 'utf8').split('## Capabilities')[1]?.split('\n## ')[0] ?? '';
const [head = [], , ...rows] = section
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
const commands = head.slice(1);

/** Another user's process, which ends with its standard input. */
let looked: ChildProcess;
let va: string;
beforeAll(async () => {
  looked = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
  await once(looked, 'spawn');
  const stack = () =>
    /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(readFileSync(`/proc/${looked.pid}/maps`, 'utf8'))?.[2];
  await vi.waitFor(() => expect(stack()).toBeDefined());
  va = (BigInt(`0x${stack()}`) - 8n).toString(16);
});
afterAll(() => looked.stdin?.end());

/** The command line of cr3scope as an ordinary user with these capabilities. */
function asUser(capabilities: string, words: string[]): string[] {
  const list = capabilities === 'none' ? [] : capabilities.toLowerCase().split(', ');
  const set = ['-all', ...list.map((name) => `+${name}`)].join();
  const limits = [`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`];
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...limits];
  return [...user, process.execPath, 'out/main/cli.cjs', ...words];
}

function run(capabilities: string, ...words: string[]) {
  return spawnSync('setpriv', asUser(capabilities, words), { encoding: 'utf8' });
}

async function attaches(capabilities: string): Promise<boolean> {
  const target = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
  const tracer = spawn('setpriv', asUser(capabilities, ['trace', '--attach', String(target.pid)]), { stdio: 'pipe' });
  const ended = once(tracer, 'exit');
  // Its first event, or its error.
  await once(tracer.stderr, 'data');
  target.stdin.end();
  return (await ended)[0] === 0;
}

const TRY: Record<string, (capabilities: string) => boolean | Promise<boolean>> = {
  'ps with roots': (c) => /"rootPa":"0x[1-9a-f]/.test(run(c, 'ps', '--json').stdout),
  walk: (c) => run(c, 'walk', String(looked.pid), va).status === 0,
  check: (c) => run(c, 'check', String(looked.pid)).status === 0,
  frame: (c) => run(c, 'frame', '1000').status === 0,
  memory: (c) => run(c, 'memory').status === 0,
  'check --bytes': (c) => run(c, 'check', String(looked.pid), '--bytes').status === 0,
  'trace --attach': attaches,
};

test('each command of the table is tried', () => {
  expect(commands).toEqual(Object.keys(TRY));
  expect(rows.length).toBeGreaterThan(5);
});

describe.each(rows.map(([capabilities = '', ...cells]) => ({ capabilities, cells })))(
  '$capabilities',
  ({ capabilities, cells }) => {
    test('allow what the table says', async () => {
      const found: Record<string, string> = {};
      for (const [name, attempt] of Object.entries(TRY)) found[name] = (await attempt(capabilities)) ? 'yes' : 'no';
      expect(found).toEqual(Object.fromEntries(commands.map((name, i) => [name, cells[i]])));
    });

    test('a refusal names a remedy that helps', () => {
      const { status, stderr } = run(capabilities, 'check', String(looked.pid));
      if (status !== 0) expect(stderr).toMatch(/Run as root: it takes CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH/);
    });
  },
);
