// Command about two moments: what changed between captures, or between a capture and now.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { count, hex, hexVa } from '../../contract/format.ts';
import { visible } from '../../contract/inert.ts';
import { readCapture } from '../capture/captured.ts';
import { type Difference, diffCaptures, PAGE_CHANGE_TEXT, PAGE_CHANGES } from '../capture/diff.ts';
import { Recorder } from '../capture/record.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, print, say } from './output.ts';

export interface DiffOptions extends Json {
  csv?: boolean;
  /** Lines of pages a process. */
  pages: string;
}

const what = (name: string) => (name ? ` ${visible(name)}` : '');

function sayDifference(d: Difference): string {
  switch (d.type) {
    case 'boot':
      return 'The captures are of different boots: processes are others, and frame numbers mean nothing together.';
    case 'processGone':
      return `- ${d.pid}${what(d.name)} is gone${d.reused ? '; its PID is used again' : ''}`;
    case 'processCome':
      return `+ ${d.pid}${what(d.name)} came${d.parent ? `, from ${d.parent}` : ''}${d.reused ? '; its PID was another process' : ''}`;
    case 'notCaptured':
      return `? ${d.pid}${what(d.name)} is captured in only one of them`;
    case 'exec':
      return `! ${d.pid}${what(d.name)} executed another program: root 0x${hex(d.before)} → 0x${hex(d.after)}`;
    case 'regionGone':
      return `  ${d.pid} - region ${hexVa(d.begin)}-${hexVa(d.end)} ${d.before}${what(d.path)}`;
    case 'regionCome':
      return `  ${d.pid} + region ${hexVa(d.begin)}-${hexVa(d.end)} ${d.after}${what(d.path)}`;
    case 'regionChanged':
      return `  ${d.pid} ! region ${hexVa(d.begin)}-${hexVa(d.end)} ${d.before} → ${d.after}${what(d.path)}`;
    case 'pages':
      return `  ${d.pid} ${hexVa(d.va)} ${count(d.pages)} ${d.pages === 1n ? 'page' : 'pages'}: ${PAGE_CHANGE_TEXT[d.change]} (${hex(d.before.entry, 16)} → ${hex(d.after.entry, 16)})`;
  }
}

const flat = (d: Difference) => {
  if (d.type !== 'pages') return { ...d };
  const { before, after, ...rest } = d;
  return {
    ...rest,
    beforePagemap: before.pagemap,
    beforeEntry: before.entry,
    afterPagemap: after.pagemap,
    afterEntry: after.entry,
  };
};

const CSV_COLUMNS = [
  'type',
  'pid',
  'startTicks',
  'name',
  'parent',
  'reused',
  'begin',
  'end',
  'path',
  'va',
  'pages',
  'change',
  'before',
  'after',
  'beforePagemap',
  'beforeEntry',
  'afterPagemap',
  'afterEntry',
];
/** Numbers that people count with; the others are words of 64 bits. */
const COUNTS = new Set(['pages', 'startTicks']);

function csvLine(d: Difference): string {
  const values = flat(d) as Record<string, unknown>;
  const cell = (name: string) => {
    const value = values[name] ?? '';
    if (typeof value === 'bigint') return COUNTS.has(name) ? String(value) : `0x${hex(value)}`;
    return typeof value === 'string' ? visible(value) : String(value);
  };
  return stringify([CSV_COLUMNS.map(cell)], { escape_formulas: true });
}

/** A capture of now, of the processes that another one has. */
async function captureNow(explorer: Explorer, pids: readonly number[], path: string): Promise<void> {
  const recorder = await Recorder.begin(explorer, path, false, { frames: 'none', bytes: false });
  const { processes } = recorder;
  for (const [i, pid] of processes.pid.entries())
    if (pids.includes(pid)) await recorder.addProcess(pid, processes.startTicks[i] as bigint);
  recorder.finish();
}

/** Exit code 0: nothing changed; 1: something did. */
export async function diff(
  openMachine: () => Promise<Explorer>,
  pathA: string,
  pathB: string | undefined,
  { json, csv, pages: most }: DiffOptions,
): Promise<number> {
  const limit = /^\d+$/.test(most) ? Number(most) : Number.NaN;
  if (Number.isNaN(limit))
    throw new Failed(`"${most}" is no number of lines`, 'Give a number; 0 shows the totals only.');
  const a = readCapture(pathA);
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-diff-'));
  let b: ReturnType<typeof readCapture>;
  try {
    const now = join(folder, 'now.cr3scope');
    if (pathB === undefined)
      await captureNow(
        await openMachine(),
        a.spaces.map((s) => s.pid),
        now,
      );
    b = readCapture(pathB ?? now);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const { problem } of [a, b])
    if (problem) process.stderr.write(`cr3scope: ${problem.message}. ${problem.remedy}\n`);
  if (csv) process.stdout.write(stringify([CSV_COLUMNS]));
  const shown = new Map<number, number>();
  const differences = diffCaptures(a, b);
  for (let next = differences.next(); ; next = differences.next()) {
    if (next.done) {
      const { pages, ...totals } = next.value;
      const changed = PAGE_CHANGES.filter((change) => change !== 'unsure' && pages[change] > 0n);
      const differ = totals.gone + totals.come + totals.executed + totals.regions + changed.length > 0;
      if (json)
        print({
          type: 'totals',
          ...totals,
          pages: Object.fromEntries(PAGE_CHANGES.map((change) => [change, Number(pages[change])])),
        });
      else if (!csv) {
        for (const [pid, n] of shown)
          if (n > limit)
            say(`  ${pid}: ${count(n - limit)} more lines of pages; --pages shows more, --json and --csv all`);
        say(
          `${count(totals.paired)} processes in both, ${totals.gone} gone, ${totals.come} came, ${totals.executed} executed another program; ${count(totals.regions)} regions differ`,
        );
        for (const change of PAGE_CHANGES)
          if (pages[change]) say(`  ${count(pages[change]).padStart(12)} pages: ${PAGE_CHANGE_TEXT[change]}`);
      }
      return differ ? 1 : 0;
    }
    const difference = next.value;
    if (json) print(flat(difference));
    else if (csv) process.stdout.write(csvLine(difference));
    else {
      if (difference.type === 'pages') {
        const n = (shown.get(difference.pid) ?? 0) + 1;
        shown.set(difference.pid, n);
        if (n > limit) continue;
      }
      say(sayDifference(difference));
    }
  }
}
