// SPDX-License-Identifier: GPL-2.0-only
// The lines of a JSON Lines export, which other formats share as their rows.
import { z } from 'zod';
import { OUTCOMES } from '../../../contract/api.ts';
import { byField, byPrefixed, SOURCE } from '../../../contract/sources.ts';
import { ENTRY_KINDS, NOTE, VERDICT, VERDICTS, type Verdict } from '../../../contract/verdicts.ts';

const Hex = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .describe('64-bit word in hex');
const Count = z.number().int().min(0);
const Verdicts = z
  .object(Object.fromEntries(VERDICTS.map((v) => [v, Count])) as Record<Verdict, typeof Count>)
  .catchall(Count)
  .describe('pages by verdict; one that this version does not know is called "unknown verdict" and its code');
const Bytes = z.string().regex(/^([0-9a-f]{2})*$/);

/** One line of a JSON Lines export; docs/capture-lines.schema.json is made from it. */
export const ExportLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('capture'),
    format: z.literal('cr3scope-lines/2'),
    sha256: z.string().nullable().describe('of the capture file; null: of a check, of which there is no capture file'),
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
    memoryBytes: Count,
    levels: Count,
    virtualBits: Count,
    maxPhysBits: Count,
    pti: z.boolean(),
    pcid: z.boolean(),
    lam: z.boolean(),
    encryptionMask: Hex,
    lockdown: z.string(),
    directMap: Hex,
    directMapFrom: z.string(),
    zeroPfn: Hex,
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
    rootPa: Hex.describe('physical address of mm->pgd'),
    outcome: z
      .string()
      .nullable()
      .describe(`${OUTCOMES.join(', ')}; execed: it executed another program; null: not finished`),
    pages: Count,
    outsideRegions: Count,
    rechecked: Count,
    verdicts: Verdicts,
    tables: z.record(z.string(), Count).describe('page tables by level'),
    seconds: z.number().nullable(),
    dropped: z
      .object({ stretches: Count, evidence: Count })
      .describe('lines of pages and evidence that were not kept; the counts here include them'),
  }),
  z.object({
    type: z.literal('region'),
    pid: Count,
    begin: Hex,
    end: Hex,
    permissions: z.string(),
    path: z.string(),
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
      verdict: VERDICT.schema,
      note: NOTE.schema,
      kind: z.enum(ENTRY_KINDS),
      level: Count.describe('of the entry; 0: a hole in the upper levels'),
      pageSize: Count.describe('bytes; 0 where nothing is mapped'),
      pfn: Hex.nullable().describe('of the first page; null where no frame is mapped'),
      step: z
        .enum(['same', 'frames', 'withinHuge'])
        .describe(
          'how the words continue: unchanged; each page one frame further; one frame further within a huge entry',
        ),
      ...byField((name) => {
        const { absent } = SOURCE.word(name);
        return absent ? Hex.describe(`0x0 where ${absent}`) : Hex;
      }),
      permissions: z.string(),
      path: z.string(),
    })
    .describe('a stretch of pages, all of one verdict'),
  z
    .object({
      type: z.literal('evidence'),
      pid: Count,
      va: Hex,
      verdict: VERDICT.schema,
      note: NOTE.schema,
      rounds: Count,
      firstNs: Count,
      lastNs: Count,
      ...byPrefixed('first', () => Hex),
      ...byPrefixed('last', () => Hex),
      lastWalk: z.array(z.object({ level: Count, table: Hex, entry: Hex })).describe('from the root down'),
    })
    .describe('both readings of a page that changed, could not be compared or mismatches'),
  z
    .object({
      type: z.literal('bytes'),
      pid: Count,
      pages: Count,
      same: Count,
      changing: Count,
      moved: Count,
      noFrame: Count,
      noMemory: Count,
      differ: Count,
      differences: z.array(z.object({ va: Hex, pfn: Hex, offset: Count, frame: Bytes, memory: Bytes })),
      seconds: z.number(),
    })
    .describe('bytes of the mapped frames compared with /proc/PID/mem, in pages; only where that was asked for'),
  z
    .object({
      type: z.literal('note'),
      at: z.string(),
      text: z.string(),
      pid: Count.nullable(),
      startTicks: Count.nullable(),
      process: z.string().nullable(),
      va: Hex.nullable(),
      verdict: VERDICT.schema.nullable().describe('that the page had when the note was written'),
      pfn: Hex.nullable(),
    })
    .describe('what somebody has noted at a page or a frame'),
  z.object({ type: z.literal('skipped'), pid: Count, name: z.string(), code: z.string(), message: z.string() }),
  z.object({
    type: z.literal('cpu'),
    cpu: Count,
    pid: Count,
    name: z.string(),
    rootPa: Hex,
    borrowed: z.boolean(),
    registers: z.boolean().describe('whether the registers are known; else they are 0x0'),
    cr0: Hex,
    cr3: Hex,
    cr4: Hex,
    efer: Hex.describe('0x0: not known'),
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
    how: z.enum(['seen', 'inferred']).nullable().describe('whether records show the cause; null: as it was found'),
    entry: Hex,
    pagemap: Hex,
  }),
]);
export type ExportLine = z.infer<typeof ExportLine>;
export type PageLine = Extract<ExportLine, { type: 'pages' }>;
