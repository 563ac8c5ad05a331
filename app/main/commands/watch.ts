// Command about time: what becomes of pages.
import { count, hex, hexVa, parseU64 } from '../../contract/format.ts';
import { causeOf, type PageState, pageStates, sayState } from '../../contract/watch.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, parsePid, print, say } from './output.ts';

export interface WatchOptions extends Json {
  interval: string;
  for?: string;
}

/** "7f3a4001f000", "7f3a4001f000+16" (pages, decimal) or "7f3a4001f000-7f3a40020000". */
function parsePages(text: string): { begin: bigint; end: bigint } {
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

function parseSeconds(text: string, what: string, least: number): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= least && seconds <= 1e6))
    throw new Failed(`"${text}" is no ${what}`, `Give seconds, at least ${least}.`);
  return seconds;
}

/** Prints each change of the pages as it is seen. */
export async function watch(
  explorer: Explorer,
  pidText: string,
  rangeText: string,
  { json, interval, for: limit }: WatchOptions,
): Promise<number> {
  const pid = parsePid(pidText);
  const { begin, end } = parsePages(rangeText);
  const ms = Math.round(parseSeconds(interval, 'interval', 0.005) * 1000);
  const forMs = limit === undefined ? undefined : parseSeconds(limit, 'time', 0) * 1000;
  const last = new Map<bigint, PageState>();
  let startNs = 0n;
  let samples = 0n;
  let changes = 0;
  const job = explorer.watch(pid, 0n, begin, end, ms, (batch) => {
    startNs ||= batch.ns;
    samples = batch.samples;
    const seconds = Number(batch.ns - startNs) / 1e9;
    for (const state of pageStates(batch.rows, batch.flags, batch.counts, batch.ns)) {
      const from = last.get(state.va);
      last.set(state.va, state);
      if (batch.initial || !from) {
        if (json) print({ seconds, initial: true, ...state });
        else if (batch.rows.va.length <= 64)
          say(`${seconds.toFixed(3).padStart(9)}  ${hexVa(state.va)}  ${sayState(state)}`);
        continue;
      }
      changes++;
      const cause = causeOf(from, state);
      if (json)
        print({ seconds, initial: false, ...state, from: { raw: from.raw, pfn: from.pfn, kind: from.kind }, cause });
      else {
        say(`${seconds.toFixed(3).padStart(9)}  ${hexVa(state.va)}  ${cause}`);
        say(`${''.padStart(9)}  ${hex(from.raw, 16)} → ${hex(state.raw, 16)}  ${sayState(state)}`);
      }
    }
  });
  const stop = () => job.cancel();
  process.once('SIGINT', stop);
  const timer = forMs === undefined ? undefined : setTimeout(stop, forMs);
  const gone = await job.promise.finally(() => {
    clearTimeout(timer);
    process.removeListener('SIGINT', stop);
  });
  if (json) print({ samples: Number(samples), changes, gone });
  else
    say(
      `${count(samples)} samples of ${count(last.size)} pages, ${count(changes)} changes${gone ? `; process ${pid} exited or executed another program` : ''}`,
    );
  return 0;
}
