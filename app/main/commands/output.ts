// SPDX-License-Identifier: GPL-2.0-only
// What the commands share: how they read their arguments and how they print.
import type { Target } from '../../contract/api.ts';
import { count, parseU64 } from '../../contract/format.ts';
import { inJson, visible, visibleLines } from '../../contract/inert.ts';
import { VERDICT, VERDICTS, verdictCounts } from '../../contract/verdicts.ts';
import { Failed } from '../sources/failed.ts';

export const EVERYTHING = 1n << 63n;

/** JSON for scripts: 64-bit words as "0x…" strings, counts as numbers, one object a line. */
export function print(value: unknown): void {
  process.stdout.write(`${inJson(value)}\n`);
}
export const say = (text = '') => process.stdout.write(`${visibleLines(text)}\n`);

export function parsePid(text: string): number {
  const pid = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(pid >= 1 && pid <= 0x7fffffff))
    throw new Failed(`"${text}" is not a PID`, 'Give a whole number from 1; `cr3scope ps` lists them.');
  return pid;
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
    const end = separator === '+' ? (begin & ~4095n) + (other << 12n) : other;
    if (end > begin) return { begin, end };
  }
  throw new Failed(
    `"${text}" is no range of pages`,
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
  VERDICTS.forEach((v, i) => {
    say(`  ${VERDICT.label(v).padEnd(16)} ${count(counts[i] ?? 0n).padStart(14)}`);
  });
}

export const numbers = (words: ArrayLike<bigint>) =>
  Object.fromEntries(Object.entries(verdictCounts(words)).map(([k, v]) => [k, Number(v)]));
export const sourceNames = (t: Target) => t.sources.filter((s) => s.ready).map((s) => s.name);

export interface Json {
  json?: boolean;
  /** Read this instead of the machine. */
  capture?: string;
}

/** A line on a terminal's stderr that shows how far a check is. */
export function progressLine({ json }: Json, unit = 'pages') {
  const on = process.stderr.isTTY && !json;
  return {
    show: ({ done, total }: { done: bigint; total: bigint }) => {
      if (on) process.stderr.write(`\r${count(done)} of ${count(total)} ${unit}`);
    },
    clear: () => {
      if (on) process.stderr.write('\r\x1b[K');
    },
  };
}
