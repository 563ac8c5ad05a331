// SPDX-License-Identifier: GPL-2.0-only
// Command about two moments: what changed between captures, or between a capture and now.
import {
  type Difference,
  differs,
  PAGE_CHANGE_TEXT,
  PAGE_CHANGES,
  sayChange,
  sayWhere,
} from '../../contract/changes.ts';
import { count } from '../../contract/format.ts';
import { readCapture } from '../capture/captured.ts';
import { EXTENSION } from '../capture/container.ts';
import { diffCaptures } from '../capture/diff.ts';
import { CSV_HEAD, csvLine, jsonLine } from '../capture/differences.ts';
import { captureProcesses } from '../capture/record.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { complain, type Json, say, show } from './output.ts';

export interface DiffOptions extends Json {
  csv?: boolean;
  /** Lines about pages for each process. */
  pages: string;
}

const MARKS: Readonly<Record<Difference['type'], string>> = {
  boot: '',
  processGone: '- ',
  processCome: '+ ',
  notCaptured: '? ',
  exec: '! ',
  regionGone: '  - ',
  regionCome: '  + ',
  regionChanged: '  ! ',
  pages: '    ',
};

const sayDifference = (d: Difference): string =>
  `${MARKS[d.type]}${'pid' in d ? `${d.pid} ` : ''}${sayWhere(d)}${sayWhere(d) ? ' ' : ''}${sayChange(d)}`;

/** Exit code 0: nothing changed; 1: something changed. */
export async function diff(
  openMachine: () => Promise<Explorer>,
  pathA: string,
  pathB: string | undefined,
  { json, csv, pages: most }: DiffOptions,
): Promise<number> {
  const limit = /^\d+$/.test(most) ? Number(most) : Number.NaN;
  if (Number.isNaN(limit))
    throw new Failed(`"${most}" is not a number of lines`, 'Give a number; 0 shows the totals only.');
  const a = readCapture(pathA);
  const scratch = new Scratch();
  let b: ReturnType<typeof readCapture>;
  try {
    const after = pathB ?? scratch.path(EXTENSION);
    if (pathB === undefined) await captureProcesses(await openMachine(), after, a.spaces);
    b = readCapture(after);
  } finally {
    scratch.clear();
  }
  for (const { problem } of [a, b]) if (problem) complain(problem);
  if (csv) show(CSV_HEAD);
  const shown = new Map<number, number>();
  const differences = diffCaptures(a, b);
  for (let next = differences.next(); ; next = differences.next()) {
    if (next.done) {
      const { pages, ...totals } = next.value;
      if (json) show(jsonLine(next.value));
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
      return differs(next.value) ? 1 : 0;
    }
    const difference = next.value;
    if (json) show(jsonLine(difference));
    else if (csv) show(csvLine(difference));
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
