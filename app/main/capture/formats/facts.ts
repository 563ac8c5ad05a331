// SPDX-License-Identifier: GPL-2.0-only
// Names with values: what documents for people say of a capture as a whole and of each check.
import type { CheckSummary, Note } from '../../../contract/api.ts';
import { bytes, count } from '../../../contract/format.ts';
import { sayProof } from '../../../contract/proof.ts';
import { sumCounts, VERDICT } from '../../../contract/verdicts.ts';
import { checkSeconds } from '../../explorer/explorer.ts';
import type { Document, DocumentSpace } from '../document.ts';
import { hexWord, outcomeName, tableCounts } from './words.ts';

type Fact = readonly [name: string, value: string];

export const totals = (document: Document) => sumCounts(document.spaces.flatMap((s) => s.summary?.counts ?? []));

/** The one check that a document is about; undefined if it is about several processes, or about something else. */
export function onlySpace({ spaces, skipped, traced, watches }: Document): DocumentSpace | undefined {
  return spaces.length === 1 && !skipped.length && !traced.length && !watches.length ? spaces[0] : undefined;
}

export function title(document: Document): string {
  const only = onlySpace(document);
  return only ? `Check of ${only.pid} ${only.name}` : `Capture of ${document.begin.target.hostname}`;
}

export function documentFacts({ begin, end, problem, digest }: Document): Fact[] {
  const { target: t } = begin;
  return [
    ['Made', `${begin.startedAt} to ${end?.finishedAt ?? 'an end that is missing'}`],
    ['By', `cr3scope ${[t.version, begin.arguments.join(' ')].filter(Boolean).join(': ')}`],
    ['Machine', `${t.hostname} · ${t.cpuModel} · ${t.cpus} CPUs · ${bytes(t.memoryBytes)}`],
    ['Kernel', `${t.release} ${t.build}`],
    ['Kernel command line', begin.kernelCommandLine],
    [
      'Paging',
      `${t.levels} levels · PTI ${t.pti ? 'on' : 'off'} · PCID ${t.pcid ? 'yes' : 'no'} · ${t.maxPhysBits} physical bits`,
    ],
    ...t.sources.map((s): Fact => [`Source ${s.label}`, s.ready ? s.detail : `not used: ${s.detail}`]),
    ...(digest || problem
      ? [['Complete', problem ? `NO: ${problem.message}` : 'yes, and as it was written'] as const]
      : []),
    ...(digest ? [['SHA-256', digest] as const] : []),
  ];
}

/** What a note is about. */
export function notedPlace({ on }: Note): string {
  if (on.kind === 'frame') return `frame ${hexWord(on.pfn)}`;
  const verdict = on.verdict === null ? '' : `, ${VERDICT.label(VERDICT.name(on.verdict))}`;
  return `page ${hexWord(on.va)} of ${on.pid} ${on.name}${verdict}`;
}

const OUTCOME_TEXT: Readonly<Record<string, string>> = {
  complete: 'complete',
  exited: 'incomplete: the process exited during the check',
  execed: 'incomplete: the process executed another program during the check',
};

export function checkFacts(space: DocumentSpace, summary: CheckSummary, { target }: Document['begin']): Fact[] {
  const outcome = outcomeName(summary.outcome);
  const tables = Object.entries(tableCounts(summary, target.levels)).map(([name, n]) => `${count(n)} ${name}`);
  return [
    ['Process', `${space.pid} ${space.name} (${space.user})`],
    ['Root PA (mm->pgd)', hexWord(summary.rootPa)],
    ['Page tables', tables.join(' · ') || 'none were read'],
    ['Checked', `${space.at}, ${(checkSeconds(summary) * 1000).toFixed(1)} ms`],
    ['Outcome', OUTCOME_TEXT[outcome] ?? outcome],
    ['Pages', `${count(summary.pages)}, ${count(summary.rechecked)} read again`],
    ...(summary.proof ? [['Bytes', `against /proc/PID/mem: ${sayProof(summary.proof)}`] as const] : []),
  ];
}
