// SPDX-License-Identifier: GPL-2.0-only
// Command about time: how pages change.

import { createInterface } from 'node:readline';
import { takeSample } from '../../contract/causes.ts';
import { count, hex, hexVa } from '../../contract/format.ts';
import { pageBytes, wholePages } from '../../contract/paging.ts';
import { type PageState, sayState } from '../../contract/watch.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { recordTime } from './capture.ts';
import { endGently, type Json, parsePages, parsePid, print, say } from './output.ts';

export interface WatchOptions extends Json {
  interval: string;
  step?: boolean;
  for?: string;
  output?: string;
  force?: boolean;
}

function parseSeconds(text: string, what: string, least: number): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= least && seconds <= 1e6))
    throw new Failed(`"${text}" is not ${what}`, `Give seconds, at least ${least}.`);
  return seconds;
}

interface Place {
  readonly pid: number;
  readonly begin: bigint;
  readonly end: bigint;
}

/** "RANGE" of the first process, or "PID:RANGE". */
function parsePlace(text: string, pid: number): Place {
  const [, other, range = ''] = /^(?:(\d+):)?(.*)$/s.exec(text) ?? [];
  return { pid: other === undefined ? pid : parsePid(other), ...parsePages(range) };
}

/** Prints each change of the pages as it is seen. */
export async function watch(
  explorer: Explorer,
  pidText: string,
  ranges: readonly string[],
  { json, interval, step, for: limit, output, force = false }: WatchOptions,
): Promise<number> {
  const first = parsePid(pidText);
  const places = ranges.map((text) => parsePlace(text, first));
  const ms = step ? 0 : Math.round(parseSeconds(interval, 'an interval', 0.005) * 1000);
  const forMs = limit === undefined ? undefined : parseSeconds(limit, 'a time', 0) * 1000;
  const several = new Set(places.map((p) => p.pid)).size > 1;
  const few = places.reduce((n, p) => n + p.end - p.begin, 0n) <= pageBytes(64n);
  let startNs = 0n;
  let changes = 0;
  let pages = 0;
  let lost = 0n;
  let refusal = '';
  let asked = 1n;
  let heard = false;
  let timer: NodeJS.Timeout | undefined;
  const file = output === undefined ? undefined : await recordTime(explorer, output, force);
  const jobs = places.map(({ pid, begin, end }) => {
    const last = new Map<bigint, PageState>();
    const place = { pid, samples: 0n };
    const job = explorer.watch(pid, 0n, begin, end, ms, (batch) => {
      startNs ||= batch.ns;
      place.samples = batch.samples;
      if (forMs !== undefined && jobs.every((one) => one.place.samples > 0n)) timer ??= setTimeout(stop, forMs);
      lost += batch.lost;
      if (batch.refusal && !refusal && !json) say(`all causes are inferred: ${batch.refusal}`);
      refusal ||= batch.refusal;
      if (batch.rows.va.length)
        file?.write((recorder) => recorder.addWatch({ pid, ...wholePages(begin, end) }, batch), stop);
      if (step) setImmediate(endWhenAnswered);
      const seconds = Number(batch.ns - startNs) / 1e9;
      const margin = `${seconds.toFixed(3).padStart(9)}  ${several ? `${pid} ` : ''}`;
      const { found, changes: changed } = takeSample(batch, last, pid);
      for (const state of found) {
        pages++;
        if (json) print({ seconds, pid, initial: true, ...state });
        else if (few) say(`${margin}${hexVa(state.va)}  ${sayState(state)}`);
      }
      for (const { from, to, cause } of changed) {
        changes++;
        const { how, text, effects, causes } = cause;
        if (json)
          print({
            seconds,
            pid,
            initial: false,
            ...to,
            from: { raw: from.raw, pfn: from.pfn, kind: from.kind },
            cause: text,
            how,
            effects,
            causes,
          });
        else {
          say(`${margin}${hexVa(to.va)}  ${text}`);
          say(`${''.padStart(margin.length)}${hex(from.raw, 16)} → ${hex(to.raw, 16)}  ${sayState(to)}`);
        }
      }
    });
    return { place, job };
  });
  const stop = () => {
    for (const { job } of jobs) job.cancel();
  };
  const endWhenAnswered = () => {
    if (heard && jobs.every(({ place }) => place.samples >= asked)) stop();
  };
  endGently(stop);
  process.once('SIGINT', stop);
  const lines = step ? createInterface({ input: process.stdin }) : undefined;
  lines?.on('line', () => {
    asked++;
    for (const { job } of jobs) job.sample();
  });
  lines?.once('close', () => {
    heard = true;
    endWhenAnswered();
  });
  // If one of them can't be watched, all end: a part could be mistaken for everything that was asked for.
  const all = Promise.all(jobs.map(({ job }) => job.promise));
  const ends = await (file?.during(all) ?? all).finally(() => {
    stop();
    clearTimeout(timer);
    lines?.close();
    process.removeListener('SIGINT', stop);
  });
  const samples = jobs.reduce((n, { place }) => n + place.samples, 0n);
  const gone = jobs.filter((_, i) => ends[i]).map(({ place }) => place.pid);
  if (json) print({ samples: Number(samples), changes, lost: Number(lost), refusal, gone: gone.length > 0 });
  else {
    const went = gone.length ? `; ${[...new Set(gone)].join(', ')} exited or executed another program` : '';
    const missed = lost ? `, ${count(lost)} records of causes lost` : '';
    say(`${count(samples)} samples of ${count(pages)} pages, ${count(changes)} changes${missed}${went}`);
  }
  return 0;
}
