// SPDX-License-Identifier: GPL-2.0-only
// What changed between two captures: a scripted scenario, of which exactly what happened is named.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Difference, DiffTotals } from '../../app/contract/changes.ts';
import { capturedSources, readCapture } from '../../app/main/capture/captured.ts';
import { diffCaptures } from '../../app/main/capture/diff.ts';
import { Recorder } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Service } from '../../app/main/service/service.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-diff-'));
const [before, after] = [join(folder, 'before.cr3scope'), join(folder, 'after.cr3scope')];
type Program = ChildProcessByStdio<Writable, Readable, null>;
const run = (...words: string[]): Program =>
  spawn(words[0] as string, words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
const linesOf = (program: Program) => {
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
};
const commandOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

let executes: Program;
let forks: Program;
let ends: Program;
let changes: Program;
let differences: Difference[];
let totals: DiffTotals;
let at: Record<'touched' | 'swapped' | 'protected' | 'dropped' | 'kept', bigint>;
let born = 0;

const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 100_000 });

async function capture(path: string): Promise<void> {
  const recorder = await Recorder.begin(new Explorer(await openSources(ADDON_PATH)), path, false, {
    frames: 'none',
    bytes: false,
  });
  for (const { pid } of [executes, forks, ends, changes])
    if (recorder.processes.pid.includes(pid as number))
      await recorder.addProcess({ pid: pid as number, startTicks: 0n });
  recorder.finish();
}

beforeAll(async () => {
  executes = run('sh', '-c', 'read x; exec sleep 600');
  forks = run('sh', '-c', 'read x; sleep 600 & wait');
  ends = run('sh', '-c', 'read x');
  changes = run('out/fixtures/changes');
  const line = linesOf(changes);
  const [, touched, swapped, prot, dropped, kept] = (await line()).split(' ').map((w) => BigInt(`0x${w}`)) as bigint[];
  at = { touched, swapped, protected: prot, dropped, kept } as typeof at;
  changes.stdin.write('x');
  expect(await line()).toBe('now');
  await capture(before);
  executes.stdin.write('\n');
  forks.stdin.write('\n');
  ends.stdin.write('\n');
  changes.stdin.write('x');
  expect(await line()).toBe('done');
  await until(() => commandOf(executes.pid as number) === 'sleep');
  await until(() => childrenOf(forks.pid as number).length === 1);
  [born = 0] = childrenOf(forks.pid as number);
  await until(() => commandOf(born) === 'sleep');
  await until(() => ends.exitCode !== null);
  await capture(after);
  const all = diffCaptures(readCapture(before), readCapture(after));
  differences = [];
  for (let next = all.next(); ; next = all.next()) {
    if (next.done) {
      totals = next.value;
      break;
    }
    differences.push(next.value);
  }
});
afterAll(() => {
  if (born) process.kill(born, 'SIGKILL');
  for (const program of [executes, forks, changes]) program.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const of = (pid: number | undefined) => differences.filter((d) => 'pid' in d && d.pid === pid);

test('exec: one process has another root, and nothing else is said of it', () => {
  expect(of(executes.pid)).toEqual([
    { type: 'exec', pid: executes.pid, name: 'sleep', before: expect.any(BigInt), after: expect.any(BigInt) },
  ]);
  expect(totals.executed).toBe(1);
});

test('fork: the child came, and from whom; an exit: the process is gone', () => {
  expect(of(born)).toMatchObject([{ type: 'processCome', parent: forks.pid, name: 'sleep' }]);
  expect(of(ends.pid)).toMatchObject([{ type: 'processGone', reused: false }]);
});

test('pages: touched, swapped, protected, dropped, each in one stretch, and nothing else', () => {
  const { pid } = changes;
  expect(
    of(pid).map((d) => (d.type === 'pages' ? [d.change, d.va, d.pages] : [d.type, (d as { begin: bigint }).begin])),
  ).toEqual([
    ['regionChanged', at.protected],
    ...(
      [
        ['mapped', at.touched, 8n],
        ['swappedOut', at.swapped, 16n],
        ['permission', at.protected, 4n],
        ['unmapped', at.dropped, 4n],
      ] as [string, bigint, bigint][]
    ).sort(([, a], [, b]) => (a < b ? -1 : 1)),
  ]);
});

test('a capture does not differ from itself; the other way round all is reversed', () => {
  const [one, other] = [readCapture(before), readCapture(after)];
  expect([...diffCaptures(one, one)]).toEqual([]);
  const back = [...diffCaptures(other, one)].filter((d) => d.type === 'pages' && d.pid === changes.pid);
  expect(back.map((d) => d.type === 'pages' && d.change).sort()).toEqual([
    'mapped',
    'permission',
    'swappedIn',
    'unmapped',
  ]);
});

test('the command line and files of the window: text, JSON and CSV, and exit codes', async () => {
  const cli = (...words: string[]) =>
    spawnSync(process.execPath, ['out/main/cli.cjs', 'diff', ...words], { encoding: 'utf8' });
  const text = cli(before, after);
  expect(text.status).toBe(1);
  expect(text.stdout).toMatch(new RegExp(`! ${executes.pid} sleep executed another program: root 0x`));
  expect(text.stdout).toMatch(/16 pages: went to swap/);
  expect(cli(before, before).status).toBe(0);
  expect(cli(before, '/nowhere').status).toBe(2);
  const lines = cli(before, after, '--json')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ type: 'totals', executed: 1 });
  expect(lines.length).toBe(differences.length + 1);
  expect(cli(before, after, '--csv').stdout.trim().split('\n').length).toBe(differences.length + 1);
  // The files that a window gives hold the same.
  const service = new Service(new Explorer(capturedSources(readCapture(before))));
  const opened = [before, after].map((path, i) => service.openSnapshot({ id: `${i}`, path }));
  expect((await Promise.all(opened)).map((s) => [s.problem, s.processes])).toEqual([
    ['', 4],
    ['', 3],
  ]);
  const shown = await service.compare({ before: '0', after: '1' });
  expect([shown.differences, shown.totals]).toEqual([differences, totals]);
  for (const format of ['csv', 'jsonl'] as const) {
    const { fd } = service.take((await service.exportComparison({ format })).path) as { fd: number };
    const flag = format === 'csv' ? '--csv' : '--json';
    expect(readFileSync(fd, 'utf8')).toBe(cli(before, after, flag).stdout);
  }
  await expect(service.compare({ before: '0', after: '' })).rejects.toThrow(/can’t be captured again/);
  service.close();
  expect(existsSync(after)).toBe(true); // files of others stay
  // Against now: it goes on sleeping, so nothing of it has changed since.
  const now = cli(after, '--json')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(now.filter((d) => d.pid === changes.pid)).toEqual([]);
});
