// SPDX-License-Identifier: GPL-2.0-only
// Commands about captures: report, show, verify, export.
import { statSync } from 'node:fs';
import { type CheckSummary, FRAMES_KEPT } from '../../contract/api.ts';
import { bytes, count } from '../../contract/format.ts';
import { EXPORT_FORMATS } from '../../contract/formats.ts';
import { sumCounts, VERDICTS } from '../../contract/verdicts.ts';
import { type CaptureContents, readCapture } from '../capture/captured.ts';
import { CaptureReader, EXTENSION } from '../capture/container.ts';
import { exportDocument, exportProcesses } from '../capture/export.ts';
import { notedPlace } from '../capture/formats/facts.ts';
import { numbers } from '../capture/formats/words.ts';
import { type Captured, captureProcesses, Recorder } from '../capture/record.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { refuseToReplace } from '../partial.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import {
  complain,
  type Json,
  note,
  parsePages,
  parsePid,
  print,
  progressLine,
  say,
  sayVerdicts,
  table,
} from './output.ts';

/** What was found of several processes together. */
const sumUp = (summaries: readonly Pick<CheckSummary, 'counts' | 'pages'>[]) => ({
  counts: sumCounts(summaries.map((s) => s.counts)),
  pages: summaries.reduce((n, s) => n + s.pages, 0n),
});

export interface ReportOptions extends Json {
  all?: boolean;
  frames?: string;
  range?: string;
  bytes?: boolean;
  output: string;
  format?: string;
  force?: boolean;
}

/** Formats of reports: captures, and all that a capture can be exported to. */
export const REPORT_FORMATS = ['cr3scope', ...EXPORT_FORMATS] as const;

function formatOf<F extends string>(
  { format, output }: Pick<ReportOptions, 'format' | 'output'>,
  formats: readonly F[],
): F {
  const name = format ?? output.split('.').at(-1) ?? '';
  const found = formats.find((f) => f === name);
  if (found) return found;
  throw new Failed(
    `"${name}" is not a format of files`,
    `Use --format ${formats.join(', ')}, or a file name with that extension.`,
  );
}

/** Checks processes, or all of them, and writes what was found to a file. */
export async function report(explorer: Explorer, pidTexts: readonly string[], options: ReportOptions): Promise<number> {
  const format = formatOf(options, REPORT_FORMATS);
  const frames = FRAMES_KEPT.find((f) => f === (options.frames ?? 'none'));
  if (!frames)
    throw new Failed(`"${options.frames}" is not a choice for --frames`, `Use --frames ${FRAMES_KEPT.join(', ')}.`);
  const pids = pidTexts.map(parsePid);
  if (options.all ? pids.length > 0 : pids.length === 0)
    throw new Failed(
      options.all ? 'both --all and PIDs are given' : 'no process is given',
      'Give PIDs, or --all for every process.',
    );
  if (format !== 'cr3scope' && frames !== 'none')
    throw new Failed(`frames can’t be kept in ${format}`, 'Only captures keep them: write a .cr3scope file.');
  if (frames === 'bytes')
    note(
      'the capture will hold the memory of these processes: including passwords and keys. --frames digests keeps a SHA-256 of each frame instead.',
    );
  const listed = await explorer.processes({});
  const unknown = pids.find((pid) => !listed.pid.includes(pid));
  if (unknown !== undefined) throw new Failed(`there is no process ${unknown}`, '`cr3scope ps` lists them.', 'ESRCH');
  const wanted = pids.map((pid) => ({ pid, startTicks: listed.startTicks[listed.pid.indexOf(pid)] ?? 0n }));
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  const progress = progressLine(options);
  const started = process.hrtime.bigint();
  const request = {
    frames,
    bytes: options.bytes ?? false,
    force: options.force ?? false,
    ...(options.range !== undefined && { range: parsePages(options.range) }),
  };
  const scratch = new Scratch();
  const follower = { onProgress: progress.show, signal: abort.signal };
  const write = (): Promise<Captured> => {
    const what = options.all ? 'all' : wanted;
    if (format === 'cr3scope')
      return captureProcesses(
        explorer,
        options.output,
        what,
        { ...request, memory: options.all ?? false, keep: true },
        follower,
      );
    refuseToReplace(options.output, request.force); // before all the work
    const temporary = scratch.path(EXTENSION);
    return exportProcesses(explorer, what, format, options.output, { ...request, temporary }, follower);
  };
  const { digest, processes, skipped, summaries } = await write().finally(() => {
    progress.clear();
    scratch.clear();
    process.removeListener('SIGINT', stop);
  });
  const { size } = statSync(options.output);
  const { counts, pages } = sumUp(summaries);
  const verdicts = numbers(counts);
  const incomplete = summaries.filter((s) => s.outcome !== 0).length;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (options.json)
    print({
      output: options.output,
      format,
      processes,
      skipped,
      incomplete,
      pages: Number(pages),
      verdicts,
      bytes: size,
      sha256: format === 'cr3scope' ? digest : null,
      seconds,
    });
  else {
    say(
      `${options.output}: ${processes} ${processes === 1 ? 'process' : 'processes'}, ${count(pages)} pages in ${seconds.toFixed(3)} s, ${bytes(size)} (${(size / Math.max(1, Number(pages))).toFixed(2)} bytes per page), ${verdicts.mismatch ? `${verdicts.mismatch} MISMATCHES` : 'no mismatch'}`,
    );
    if (skipped || incomplete)
      say(`${skipped} could not be captured; ${incomplete} exited or executed another program meanwhile`);
    if (format === 'cr3scope') say(`SHA-256 ${digest}`);
  }
  return verdicts.mismatch ? 1 : processes === 0 || (!options.all && (skipped || incomplete)) ? 2 : 0;
}

/**
 * A capture of what happens over time. If the file can't take more, `write` calls `onFull`, and `during` fails. What was
 * written until then stays, also if the work fails; if nothing was written, nothing is left.
 */
export async function recordTime(explorer: Explorer, path: string, force: boolean) {
  const recorder = await Recorder.begin(explorer, path, force, { frames: 'none', bytes: false });
  let failed: unknown;
  let wrote = false;
  return {
    write(what: (recorder: Recorder) => void, onFull: () => void): void {
      if (failed) return;
      try {
        what(recorder);
        wrote = true;
      } catch (error) {
        failed = error;
        onFull();
      }
    },
    async during<T>(work: Promise<T>): Promise<T> {
      try {
        const result = await work;
        if (failed) throw failed;
        const { digest, size } = recorder.finish();
        note(`${path}, ${bytes(size)}, SHA-256 ${digest}`);
        return result;
      } catch (error) {
        if (wrote || failed) throw recorder.leave(error);
        recorder.discard();
        throw error;
      }
    },
  };
}

const describe = (contents: CaptureContents) => {
  const { begin, end, spaces, skipped, digest, bytes: size, problem } = contents;
  const { counts, pages } = sumUp(spaces.flatMap((s) => s.summary ?? []));
  const { target } = begin;
  return {
    path: contents.path,
    complete: problem === undefined,
    problem: problem ? `${problem.message}. ${problem.remedy}` : '',
    sha256: digest,
    bytes: size,
    startedAt: begin.startedAt,
    finishedAt: end?.finishedAt ?? null,
    version: target.version,
    arguments: begin.arguments,
    machine: { hostname: target.hostname, cpuModel: target.cpuModel, cpus: target.cpus, memory: target.memoryBytes },
    kernel: { release: target.release, build: target.build, commandLine: begin.kernelCommandLine },
    cpuFeatures: begin.cpuFeatures,
    capabilities: begin.capabilities,
    sources: target.sources.map(({ label, ready, detail }) => ({ label, ready, detail })),
    options: begin.options,
    processes: spaces.length,
    skipped: skipped.length,
    pages: Number(pages),
    verdicts: numbers(counts),
    rechecked: spaces.reduce((n, s) => n + Number(s.summary?.rechecked ?? 0n), 0),
    evidence: spaces.reduce((n, s) => n + s.evidence.length, 0),
    frames: contents.frames.size,
    traced: contents.traced.length,
    watched: contents.watches.length,
    counts,
  };
};

/** What a capture holds, and where it comes from. */
export async function showCapture(path: string, { json }: Json): Promise<number> {
  const contents = readCapture(path);
  const { counts, ...d } = describe(contents);
  if (json) {
    print(d);
    for (const s of contents.spaces)
      print({
        pid: s.pid,
        startTicks: Number(s.startTicks),
        name: s.name,
        user: s.user,
        at: s.at,
        rootPa: s.summary?.rootPa ?? null,
        pages: s.summary ? Number(s.summary.pages) : null,
        verdicts: s.summary ? numbers(s.summary.counts) : null,
      });
    for (const { pid, name, code, message } of contents.skipped) print({ pid, name, skipped: code, message });
    for (const note of contents.notes) print({ note: note.text, at: note.at, on: note.on });
    for (const unknown of contents.unknown) print({ unknown });
  } else {
    say(`${path}: ${d.processes} processes, ${count(d.pages)} pages, ${bytes(d.bytes)}`);
    say(`  made       ${d.startedAt} by cr3scope ${d.version}: ${d.arguments.join(' ')}`);
    say(
      `  machine    ${d.machine.hostname}, ${d.machine.cpuModel}, ${d.machine.cpus} CPUs, ${bytes(d.machine.memory)}`,
    );
    say(`  kernel     Linux ${d.kernel.release} ${d.kernel.build}`);
    for (const s of d.sources) say(`  ${s.ready ? 'source ' : 'missing'}    ${s.label}: ${s.detail}`);
    say(
      `  frames     ${d.frames ? `${count(d.frames)}, ${d.options.frames === 'bytes' ? 'with their bytes' : 'as SHA-256'}` : 'no bytes of frames'}`,
    );
    if (d.traced) say(`  trace      ${count(d.traced)} events`);
    if (d.watched) say(`  watch      ${count(d.watched)} samples with changes`);
    for (const note of contents.notes) say(`  note       ${notedPlace(note)}: ${note.text} (${note.at})`);
    for (const name of contents.unknown)
      say(`  unknown    a part of a newer version that this one does not know: ${name}`);
    say(`  SHA-256    ${d.sha256}`);
    say(`  ${d.complete ? 'complete, and as it was written' : `INCOMPLETE: ${d.problem}`}`);
    sayVerdicts(counts);
    table(
      ['PID', 'PAGES', 'MISMATCH', 'NAME'],
      contents.spaces.map((s) => [
        String(s.pid),
        s.summary ? count(s.summary.pages) : '?',
        s.summary ? count(s.summary.counts[VERDICTS.indexOf('mismatch')] ?? 0n) : '?',
        s.name,
      ]),
      new Set([0, 1, 2]),
    );
    for (const s of contents.skipped) say(`  not captured: ${s.pid} ${s.name}: ${s.message}`);
  }
  return d.complete ? 0 : 2;
}

export interface ExportOptions extends Json {
  output: string;
  format?: string;
  force?: boolean;
}

/** A capture in another format. */
export async function exportTo(path: string, options: ExportOptions): Promise<number> {
  const format = formatOf(options, EXPORT_FORMATS);
  const contents = readCapture(path);
  if (contents.problem) complain(contents.problem);
  const progress = progressLine(options, 'processes');
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  let done = 0n;
  await exportDocument(contents, format, options.output, {
    force: options.force ?? false,
    onProcess: () => progress.show({ done: ++done, total: BigInt(contents.spaces.length) }),
    signal: abort.signal,
  }).finally(() => {
    progress.clear();
    process.removeListener('SIGINT', stop);
  });
  const { size } = statSync(options.output);
  if (options.json) print({ output: options.output, format, processes: contents.spaces.length, bytes: size });
  else say(`${options.output}: ${contents.spaces.length} processes, ${bytes(size)}`);
  return contents.problem ? 2 : 0;
}

/** Exit code 0 if a capture is complete and as it was written, else 1 with the reason. */
export async function verify(path: string, { json }: Json): Promise<number> {
  const reader = new CaptureReader(path);
  try {
    let chunks = 0;
    while (reader.next()) chunks++;
    const { complete, problem, digest: sha256, bytesRead } = reader;
    const good = complete && !problem;
    if (json) print({ path, good, chunks, bytes: bytesRead, sha256, problem: problem?.message ?? '' });
    else if (good) say(`${path}: complete and as it was written, ${count(bytesRead)} bytes`, `SHA-256 ${sha256}`);
    else say(`${problem?.message}. ${problem?.remedy}`);
    return good ? 0 : 1;
  } finally {
    reader.close();
  }
}
