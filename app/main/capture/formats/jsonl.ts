// SPDX-License-Identifier: GPL-2.0-only
// JSON Lines: everything that a capture holds, one object a line.
import { inJson } from '../../../contract/inert.ts';
import { counts, evidenceWords, x } from '../../explorer/report.ts';
import type { CaptureContents } from '../captured.ts';
import type { ExportLine } from './line.ts';
import { pageRows, watchLines } from './rows.ts';

function* lines(contents: CaptureContents, onProcess: () => void): Generator<ExportLine> {
  const { begin, end, problem, digest } = contents;
  const { target: t } = begin;
  yield {
    type: 'capture',
    format: 'cr3scope-lines/1',
    sha256: digest,
    complete: problem === undefined,
    problem: problem?.message ?? '',
    startedAt: begin.startedAt,
    finishedAt: end?.finishedAt ?? null,
    version: t.version,
    arguments: begin.arguments,
    hostname: t.hostname,
    bootId: t.bootId,
    release: t.release,
    build: t.build,
    kernelCommandLine: begin.kernelCommandLine,
    cpuModel: t.cpuModel,
    cpuFeatures: begin.cpuFeatures,
    cpus: t.cpus,
    levels: t.levels,
    pti: t.pti,
    encryptionMask: x(t.encryptionMask),
    capabilities: x(begin.capabilities),
    sources: t.sources.map(({ label, ready, detail }) => ({ name: label, ready, detail })),
  };
  const { cpus } = contents;
  for (const [i, cpu] of cpus?.cpu.entries() ?? [])
    if (cpus)
      yield {
        type: 'cpu',
        cpu,
        pid: cpus.pid[i] as number,
        name: cpus.name[i] as string,
        rootPa: x(cpus.rootPa[i] as bigint),
        borrowed: cpus.borrowed[i] === 1,
        registers: cpus.registers,
        cr0: x(cpus.cr0[i] as bigint),
        cr3: x(cpus.cr3[i] as bigint),
        cr4: x(cpus.cr4[i] as bigint),
        efer: x(cpus.efer[i] as bigint),
      };
  for (const space of contents.spaces) {
    const { summary, pid } = space;
    yield {
      type: 'process',
      pid,
      startTicks: Number(space.startTicks),
      name: space.name,
      user: space.user,
      at: space.at,
      rootPa: x(summary?.rootPa ?? space.tree?.rootPa ?? 0n),
      outcome: summary?.outcome ?? null,
      pages: Number(summary?.pages ?? 0n),
      rechecked: Number(summary?.rechecked ?? 0n),
      verdicts: counts(summary?.counts ?? []),
    };
    for (const { line } of pageRows(contents, space)) yield line;
    for (const e of space.evidence)
      yield {
        type: 'evidence',
        pid,
        ...evidenceWords(e),
        lastEntry: x(e.lastPath.entry[e.lastPath.last] ?? 0n),
      };
    onProcess();
  }
  for (const { pid, name, code, message } of contents.skipped) yield { type: 'skipped', pid, name, code, message };
  for (const { ns, kind: event, ...rest } of contents.traced)
    yield { ...rest, type: 'trace', ns: Number(ns), event, before: x(rest.before), after: x(rest.after) };
  yield* watchLines(contents);
}

export function* jsonLines(contents: CaptureContents, onProcess: () => void): Generator<string> {
  let text = '';
  for (const line of lines(contents, onProcess)) {
    text += `${inJson(line)}\n`;
    if (text.length < 1 << 20) continue;
    yield text;
    text = '';
  }
  yield text;
}
