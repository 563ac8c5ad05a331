// SPDX-License-Identifier: GPL-2.0-only
// Values of captures of older versions, in the form that they have now. They had the words of sources in fields of their
// own, called as exports call them, and not those of sources that came later.
import { NOT_KNOWN } from '../../contract/api.ts';
import { NO_ROOT, reasonOf } from '../../contract/noRoot.ts';
import { bySource, prefixed, SOURCE, type Words } from '../../contract/sources.ts';

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Words by source; those of a source that the writer did not know read as not asked. */
const complete = (words: Fields, notAsked: unknown): Words<unknown> =>
  bySource((name) => words[name] ?? (SOURCE.word(name).absent ? notAsked : undefined));

/** Rows with columns of words. */
export function newerRows(rows: unknown): unknown {
  if (!isObject(rows)) return rows;
  const words = isObject(rows.words) ? rows.words : bySource((name) => rows[SOURCE.word(name).field]);
  const length = rows.va instanceof BigUint64Array ? rows.va.length : 0;
  return { ...rows, words: complete(words, new BigUint64Array(length)) };
}

/** The list of processes. Why a root is missing was not recorded, nor what they run and map. */
export function newerProcesses(processes: unknown): unknown {
  if (!isObject(processes) || !(processes.pid instanceof Uint32Array)) return processes;
  const { length } = processes.pid;
  const notKnown = () => new BigUint64Array(length).fill(NOT_KNOWN);
  const none = () => Array.from({ length }, () => '');
  return {
    cpuTicks: notKnown(),
    ns: new BigUint64Array(length),
    alone: notKnown(),
    shared: notKnown(),
    walkAgeNs: null,
    command: none(),
    cgroup: none(),
    ...withReasons(processes),
  };
}

function withReasons(processes: Fields): Fields {
  if (processes.noRoot !== undefined) return processes;
  const { kernelThread, state, threads, rootPa } = processes;
  const isColumn = (column: unknown): column is Uint8Array | Uint32Array =>
    column instanceof Uint8Array || column instanceof Uint32Array;
  if (!(rootPa instanceof BigUint64Array) || !isColumn(kernelThread) || !isColumn(state) || !isColumn(threads))
    return processes;
  const noRoot = Uint8Array.from(rootPa, (root, i) => {
    if (root) return NO_ROOT.code('known');
    const own = reasonOf({
      kernelThread: kernelThread[i] === 1,
      state: String.fromCharCode(state[i] ?? 0),
      threads: threads[i] ?? 0,
    });
    return NO_ROOT.code(own ?? 'notRecorded');
  });
  return { ...processes, noRoot };
}

/** The last entry of a path that was not checked yet. */
function lastEntry(path: unknown): unknown {
  if (!isObject(path) || !(path.entry instanceof BigUint64Array)) return undefined;
  return path.entry[Number(path.last)] ?? 0n;
}

/** Both readings of a page. */
export function newerEvidence(evidence: unknown): unknown {
  if (!isObject(evidence)) return evidence;
  const reading = (which: 'first' | 'last'): Words<unknown> => {
    const words = evidence[which];
    return complete(isObject(words) ? words : bySource((name) => evidence[prefixed(which, name)]), 0n);
  };
  const last = reading('last');
  // The last entry was in the path alone.
  return {
    ...evidence,
    first: reading('first'),
    last: { ...last, tableWalk: last.tableWalk ?? lastEntry(evidence.lastPath) },
  };
}

/** The summary of a check. The time in each source had a name of its own. */
export function newerSummary(summary: unknown): unknown {
  if (!isObject(summary) || summary.sourceNs !== undefined) return summary;
  const spent = [summary.pagemapNs, summary.walkNs, summary.kernelNs];
  return spent.every((ns) => typeof ns === 'bigint') ? { ...summary, sourceNs: BigUint64Array.from(spent) } : summary;
}
