// SPDX-License-Identifier: GPL-2.0-only
// JSON Lines: everything that a document holds, one object per line.
import { inJson } from '../../../contract/inert.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { checkSeconds } from '../../explorer/explorer.ts';
import type { Document } from '../document.ts';
import type { ExportLine } from './line.ts';
import { pageRows, watchLines } from './rows.ts';
import {
  checkedRegions,
  differenceWords,
  evidenceWords,
  hexWord,
  numbers,
  outcomeName,
  proofWords,
  tableCounts,
} from './words.ts';

function* lines(document: Document, onProcess: () => void): Generator<ExportLine> {
  const { begin, end, problem, digest } = document;
  const { target: t } = begin;
  yield {
    type: 'capture',
    format: 'cr3scope-lines/2',
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
    memoryBytes: Number(t.memoryBytes),
    levels: t.levels,
    virtualBits: t.virtualBits,
    maxPhysBits: t.maxPhysBits,
    pti: t.pti,
    pcid: t.pcid,
    lam: t.lam,
    encryptionMask: hexWord(t.encryptionMask),
    lockdown: t.lockdown,
    directMap: hexWord(t.directMap),
    directMapFrom: t.directMapFrom,
    zeroPfn: hexWord(t.zeroPfn),
    capabilities: hexWord(begin.capabilities),
    sources: t.sources.map(({ label, ready, detail }) => ({ name: label, ready, detail })),
  };
  const { cpus } = document;
  for (const [i, cpu] of cpus?.cpu.entries() ?? [])
    if (cpus)
      yield {
        type: 'cpu',
        cpu,
        pid: cpus.pid[i] as number,
        name: cpus.name[i] as string,
        rootPa: hexWord(cpus.rootPa[i] as bigint),
        borrowed: cpus.borrowed[i] === 1,
        registers: cpus.registers,
        cr0: hexWord(cpus.cr0[i] as bigint),
        cr3: hexWord(cpus.cr3[i] as bigint),
        cr4: hexWord(cpus.cr4[i] as bigint),
        efer: hexWord(cpus.efer[i] as bigint),
      };
  for (const space of document.spaces) {
    const { pid, dropped } = space;
    const summary = space.fullSummary();
    yield {
      type: 'process',
      pid,
      startTicks: Number(space.startTicks),
      name: space.name,
      user: space.user,
      at: space.at,
      rootPa: hexWord(summary?.rootPa ?? space.tree?.rootPa ?? 0n),
      outcome: summary ? outcomeName(summary.outcome) : null,
      pages: Number(summary?.pages ?? 0n),
      outsideRegions: Number(summary?.outside ?? 0n),
      rechecked: Number(summary?.rechecked ?? 0n),
      verdicts: numbers(summary?.counts ?? []),
      tables: summary ? tableCounts(summary, t.levels) : {},
      seconds: summary ? checkSeconds(summary) : null,
      dropped: { stretches: Number(dropped?.stretches ?? 0n), evidence: Number(dropped?.evidence ?? 0n) },
    };
    for (const { begin, end, counts, ...rest } of summary ? checkedRegions(space, summary) : [])
      yield { type: 'region', pid, begin: hexWord(begin), end: hexWord(end), ...rest, verdicts: numbers(counts) };
    for (const { line } of pageRows(document, space)) yield line;
    for (const e of space.evidence) yield { type: 'evidence', pid, ...evidenceWords(e, t.levels) };
    if (summary?.proof) {
      const { proof } = summary;
      yield { type: 'bytes', pid, ...proofWords(proof), differences: proof.differences.map(differenceWords) };
    }
    onProcess();
  }
  for (const { at, text, on } of document.notes) {
    const page = on.kind === 'page' ? on : undefined;
    yield {
      type: 'note',
      at,
      text,
      pid: page?.pid ?? null,
      startTicks: page ? Number(page.startTicks) : null,
      process: page?.name ?? null,
      va: page ? hexWord(page.va) : null,
      verdict: page && page.verdict !== null ? VERDICT.name(page.verdict) : null,
      pfn: on.kind === 'frame' ? hexWord(on.pfn) : null,
    };
  }
  for (const { pid, name, code, message } of document.skipped) yield { type: 'skipped', pid, name, code, message };
  for (const { ns, kind: event, ...rest } of document.traced)
    yield { ...rest, type: 'trace', ns: Number(ns), event, before: hexWord(rest.before), after: hexWord(rest.after) };
  yield* watchLines(document);
}

export function* jsonLines(document: Document, onProcess: () => void): Generator<string> {
  let text = '';
  for (const line of lines(document, onProcess)) {
    text += `${inJson(line)}\n`;
    if (text.length < 1 << 20) continue;
    yield text;
    text = '';
  }
  yield text;
}
