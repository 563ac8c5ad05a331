// SPDX-License-Identifier: GPL-2.0-only
// Chrome's trace-event JSON, which Perfetto (ui.perfetto.dev) opens: the address spaces of processes as slices of time, and
// what was captured, traced and watched as instants.
import { inJson } from '../../../contract/inert.ts';
import { lifetimesOf } from '../../../contract/lifetimes.ts';
import { sayTraced } from '../../../contract/trace.ts';
import type { Document } from '../document.ts';
import { watchLines } from './rows.ts';
import { hexWord } from './words.ts';

/** An event of the format; `ts` and `dur` in microseconds since the capture began. */
interface TraceEvent {
  readonly ph: 'M' | 'X' | 'i';
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ts: number;
  readonly dur?: number;
  /** Of an instant: it is about its process. */
  readonly s?: 'p';
  readonly args: Readonly<Record<string, string>>;
}

function* events(document: Document, onProcess: () => void): Generator<TraceEvent> {
  const { begin, spaces, traced } = document;
  const since = (ns: bigint) => Number(ns - begin.startNs) / 1000;
  const named = (pid: number, name: string): TraceEvent => ({
    ph: 'M',
    pid,
    tid: pid,
    name: 'process_name',
    ts: 0,
    args: { name },
  });
  const instant = (pid: number, ts: number, name: string, args: TraceEvent['args']): TraceEvent => ({
    ph: 'i',
    pid,
    tid: pid,
    name,
    ts,
    s: 'p',
    args,
  });
  for (const { pid, name, at, summary } of spaces) {
    yield named(pid, name);
    const ts = (Date.parse(at) - Date.parse(begin.startedAt)) * 1000;
    yield instant(pid, ts, 'captured', { rootPa: summary ? hexWord(summary.rootPa) : 'not known' });
    onProcess();
  }
  const last = traced.at(-1)?.ns ?? begin.startNs;
  for (const { pid, name, roots } of lifetimesOf(traced)) {
    yield named(pid, name);
    for (const { root, from = begin.startNs, to = last } of roots)
      yield {
        ph: 'X',
        pid,
        tid: pid,
        name: root ? `root ${hexWord(root)}` : 'root not known',
        ts: since(from),
        dur: since(to) - since(from),
        args: {},
      };
  }
  for (const event of traced) yield instant(event.pid, since(event.ns), event.kind, { event: sayTraced(event) });
  for (const { pid, ns, va, state, cause } of watchLines(document))
    if (cause !== null) yield instant(pid, since(BigInt(ns)), cause, { page: va, state });
}

export function* perfetto(document: Document, onProcess: () => void): Generator<string> {
  let text = '{"displayTimeUnit":"ns","traceEvents":[';
  let separator = '\n';
  for (const event of events(document, onProcess)) {
    text += separator + inJson(event);
    separator = ',\n';
    if (text.length < 1 << 20) continue;
    yield text;
    text = '';
  }
  yield `${text}\n]}\n`;
}
