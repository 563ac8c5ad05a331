// SPDX-License-Identifier: GPL-2.0-only
// The lines of a JSON Lines export, which other formats share as their rows.
import { z } from 'zod';
import { ENTRY_KINDS, NOTE, VERDICTS } from '../../../contract/verdicts.ts';
import { Count, EVIDENCE, Hex, Verdicts } from '../../explorer/report.ts';

/** One line of a JSON Lines export; docs/capture-lines.schema.json is made from it. */
export const ExportLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('capture'),
    format: z.literal('cr3scope-lines/1'),
    sha256: z.string(),
    complete: z.boolean(),
    problem: z.string(),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
    version: z.string().describe('of cr3scope'),
    arguments: z.array(z.string()),
    hostname: z.string(),
    bootId: z.string(),
    release: z.string(),
    build: z.string(),
    kernelCommandLine: z.string(),
    cpuModel: z.string(),
    cpuFeatures: z.string(),
    cpus: Count,
    levels: Count,
    pti: z.boolean(),
    encryptionMask: Hex,
    capabilities: Hex,
    sources: z.array(z.object({ name: z.string(), ready: z.boolean(), detail: z.string() })),
  }),
  z.object({
    type: z.literal('process'),
    pid: Count,
    startTicks: Count,
    name: z.string(),
    user: z.string(),
    at: z.string(),
    rootPa: Hex,
    outcome: z.number().nullable().describe('0 complete, 1 exited, 2 executed another program; null: not finished'),
    pages: Count,
    rechecked: Count,
    verdicts: Verdicts,
  }),
  z
    .object({
      type: z.literal('pages'),
      pid: Count,
      startTicks: Count,
      process: z.string(),
      va: Hex,
      pages: Count,
      verdict: z.enum(VERDICTS),
      note: NOTE.schema,
      kind: z.enum(ENTRY_KINDS),
      level: Count.describe('of the entry; 0: a hole of the upper levels'),
      pageSize: Count.describe('bytes; 0 where nothing is mapped'),
      pfn: Hex.nullable().describe('of the first page; null where no frame is mapped'),
      step: z
        .enum(['same', 'frames', 'withinHuge'])
        .describe('how the words go on: as they are; each page one frame on; one frame on within a huge entry'),
      pagemap: Hex,
      entry: Hex,
      kernel: Hex.describe('0x0 where the module was not loaded'),
      permissions: z.string(),
      path: z.string(),
    })
    .describe('a stretch of pages, all of one verdict'),
  z.object({
    type: z.literal('evidence'),
    pid: Count,
    ...EVIDENCE,
    lastEntry: Hex,
  }),
  z.object({ type: z.literal('skipped'), pid: Count, name: z.string(), code: z.string(), message: z.string() }),
  z.object({
    type: z.literal('cpu'),
    cpu: Count,
    pid: Count,
    name: z.string(),
    rootPa: Hex,
    borrowed: z.boolean(),
    registers: z.boolean().describe('whether the registers were read on the CPU; else they are 0x0'),
    cr0: Hex,
    cr3: Hex,
    cr4: Hex,
    efer: Hex,
  }),
  z.object({
    type: z.literal('trace'),
    ns: Count,
    pid: Count,
    event: z.string(),
    child: Count,
    before: Hex,
    after: Hex,
    code: z.number().int(),
    name: z.string(),
  }),
  z.object({
    type: z.literal('watch'),
    ns: Count,
    pid: Count,
    va: Hex,
    state: z.string(),
    cause: z.string().nullable().describe('null: as it was found'),
    entry: Hex,
    pagemap: Hex,
  }),
]);
export type ExportLine = z.infer<typeof ExportLine>;
export type PageLine = Extract<ExportLine, { type: 'pages' }>;
