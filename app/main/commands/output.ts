// SPDX-License-Identifier: GPL-2.0-only
// What the commands share: how they read arguments and how they print. Nothing else writes to the terminal, and no text that
// could control the terminal reaches it.

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Target } from '../../contract/api.ts';
import { count, parseU64 } from '../../contract/format.ts';
import { NAMED_ROOT_PID } from '../../contract/image.ts';
import { inJson, visible, visibleLines } from '../../contract/inert.ts';
import { pageBytes, pageOf } from '../../contract/paging.ts';
import { countedVerdicts, VERDICT } from '../../contract/verdicts.ts';
import { Failed } from '../sources/failed.ts';

export const EVERYTHING = 1n << 63n;

type Stream = 'stdout' | 'stderr';
const write = (stream: Stream, text: string) => process[stream].write(visibleLines(text));

/** Lines of text, each on one line whatever it holds. */
export const say = (...lines: string[]) => write('stdout', (lines.length ? lines : ['']).map(line).join(''));
/** The same on stderr. */
export const note = (text: string) => write('stderr', line(`cr3scope: ${text}`));
export const complain = ({ message, remedy }: Pick<Failed, 'message' | 'remedy'>) => note(`${message}. ${remedy}`);
/** Text that has lines of its own. */
export const show = (text: string) => write('stdout', text);
export const showError = (text: string) => write('stderr', text);
const line = (text: string) => `${visible(text)}\n`;

/** JSON for scripts: 64-bit words as "0x…" strings, counts as numbers, one object per line. */
export const print = (value: unknown) => write('stdout', `${inJson(value)}\n`);

let whenGone = () => process.exit(0);
/** Sets what to do if the reader of the output has gone, instead of ending at once. */
export function endGently(end: () => void): void {
  whenGone = end as typeof whenGone;
}

/** Ends without an error if the reader of the output has gone, as with `| head`. */
export function guardOutput(): void {
  const failed = ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return whenGone();
    complain(new Failed(`the output can’t be written: ${message}`, 'Free some space, or write it elsewhere.'));
    process.exit(2);
  };
  process.stdout.on('error', failed);
  process.stderr.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? whenGone() : process.exit(2)));
}

export function parsePid(text: string): number {
  if (text === 'root') return NAMED_ROOT_PID;
  const pid = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(pid >= 1 && pid <= 0x7fffffff))
    throw new Failed(`"${text}" is not a PID`, 'Give a whole number from 1; `cr3scope ps` lists them.');
  return pid;
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.01 && seconds <= 3600))
    throw new Failed(`"${text}" is not a number of seconds`, 'Give one from 0.01 to 3600.');
  return seconds;
}

export function parseAddress(text: string, what: string): bigint {
  const value = parseU64(text, true);
  if (value === undefined)
    throw new Failed(`"${text}" is not ${what}`, 'Give it in hex, like 7f3a4001f000 or 0x7f3a4001f000.');
  return value;
}

/** "7f3a4001f000", "7f3a4001f000+16" (pages, decimal) or "7f3a4001f000-7f3a40020000". */
export function parsePages(text: string): { begin: bigint; end: bigint } {
  const [, first = '', separator, second = ''] = /^([^+-]+)(?:([+-])(.+))?$/.exec(text.trim()) ?? [];
  const begin = parseU64(first, true);
  const other = separator === '+' ? (/^\d{1,7}$/.test(second) ? BigInt(second) : undefined) : parseU64(second, true);
  if (begin !== undefined && !separator) return { begin, end: begin + 1n };
  if (begin !== undefined && other !== undefined) {
    const end = separator === '+' ? pageOf(begin) + pageBytes(other) : other;
    if (end > begin) return { begin, end };
  }
  throw new Failed(
    `"${text}" is not a range of pages`,
    'Give an address, an address and a number of pages like 7f3a4001f000+16, or two addresses with a dash.',
  );
}

/** Columns of text, the numeric ones right-aligned. */
export function table(header: string[], cells: string[][], right: ReadonlySet<number>): void {
  const rows = cells.map((row) => row.map(visible));
  const widths = header.map((h, i) => rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), h.length));
  for (const row of [header, ...rows])
    say(
      row
        .map((cell, i) => (right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
}

export function sayVerdicts(counts: ArrayLike<bigint>): void {
  countedVerdicts(counts).forEach((v, i) => {
    say(`  ${VERDICT.label(v).padEnd(16)} ${count(counts[i] ?? 0n).padStart(14)}`);
  });
}

export const sourceNames = (t: Target) => t.sources.filter((s) => s.ready).map((s) => s.name);

/** Asks in the terminal; false where there is none. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const gone = once(terminal, 'close').then(() => '');
  const answer = await Promise.race([terminal.question(`${visible(question)} [y/N] `), gone]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** What a command reads. */
export interface Origin {
  /** This machine, by ssh. */
  host?: string;
  /** This capture instead of the machine. */
  capture?: string;
  /** This memory image instead of the machine, and what the user says of it: see image.ts. */
  image?: string;
  /** This virtual machine instead, by name or PID, and whether it stops meanwhile. */
  vm?: string;
  freeze?: boolean;
  root?: string;
  levels?: string;
  ranges?: string;
  /** Whether the user may be asked for privileges. */
  privileges?: boolean;
}

export interface Json extends Origin {
  json?: boolean;
}

/** A line on a terminal's stderr that shows how far a check is. */
export function progressLine({ json }: Json, unit = 'pages') {
  const on = process.stderr.isTTY && !json;
  return {
    show: ({ done, total, waiting }: { done: bigint; total: bigint; waiting?: boolean }) => {
      if (on) process.stderr.write(waiting ? '\rwaiting' : `\r${count(done)} of ${count(total)} ${unit}`);
    },
    clear: () => {
      if (on) process.stderr.write('\r\x1b[K');
    },
  };
}
