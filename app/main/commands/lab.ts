// SPDX-License-Identifier: GPL-2.0-only
// Command for teaching: a lab in the terminal.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LabStep } from '../../contract/api.ts';
import { hex } from '../../contract/format.ts';
import { LAB_NAMES, LABS } from '../../contract/labs.ts';
import { levelName } from '../../contract/paging.ts';
import { pageStates, sayState } from '../../contract/watch.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { LABS_PROGRAM } from '../files.ts';
import { Lab } from '../service/lab.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, print, say, showError, table } from './output.ts';

export interface LabOptions extends Json {
  /** False with --no-wait. */
  wait: boolean;
}

/** Runs a lab. If stdin is a terminal, it waits for Enter between the steps. */
export async function lab(explorer: Explorer, wanted: string | undefined, { json, wait }: LabOptions): Promise<number> {
  if (wanted === undefined) {
    if (json) for (const name of LAB_NAMES) print({ name, ...LABS[name] });
    else
      table(
        ['NAME', 'SHOWS', 'ANSWERS'],
        LAB_NAMES.map((name) => [name, LABS[name].title, LABS[name].question]),
        new Set(),
      );
    return 0;
  }
  const name = LAB_NAMES.find((n) => n === wanted);
  if (!name) throw new Failed(`there is no lab "${wanted}"`, `Choose one of ${LAB_NAMES.join(', ')}.`);
  const target = await explorer.target();
  const input = wait && !json && process.stdin.isTTY ? createInterface({ input: process.stdin }) : undefined;
  const run = new Lab(explorer, LABS_PROGRAM, name);
  const stop = () => run.end();
  process.once('SIGINT', stop);
  if (!json) say(`${LABS[name].title}: ${LABS[name].question}`);
  try {
    for (let at = await run.next(); at.step !== null; at = await run.next()) {
      const text = LABS[name].steps[at.step - 1];
      if (json) print({ ...at, ...text, pages: at.pages.map(shortPage) });
      else {
        say('', `${at.step}. ${text?.title}`);
        say(`   ${text?.text}`);
        table(
          ['', 'PID', 'ROOT PA', 'ADDRESS', 'LEVEL', 'ENTRY', 'WHAT', 'WHY'],
          at.pages.map((page) => {
            const short = shortPage(page);
            return [
              `   ${page.label}`,
              String(page.pid),
              short.rootPa === null ? '' : `0x${hex(short.rootPa)}`,
              hex(page.va),
              page.translation ? levelName(page.translation.path.last, target.levels) : '',
              short.entry === null ? '' : hex(short.entry, 16),
              short.what,
              page.cause,
            ];
          }),
          new Set([1]),
        );
      }
      if (input) {
        showError('   Enter for the next step ');
        await once(input, 'line');
      }
    }
  } finally {
    process.removeListener('SIGINT', stop);
    input?.close();
    stop();
  }
  return 0;
}

function shortPage(page: LabStep['pages'][number]) {
  const { translation: t } = page;
  const [state] = t?.row ? pageStates(t.row, [page.flags ?? 0n], [page.count ?? 0n], 0n) : [];
  return {
    label: page.label,
    pid: page.pid,
    va: page.va,
    rootPa: t?.rootPa ?? null,
    entry: state?.raw ?? null,
    kind: state?.kind ?? null,
    pfn: state?.pfn || null,
    verdict: state?.verdict ?? null,
    what: state ? sayState(state) : page.error,
    cause: page.cause || null,
  };
}
