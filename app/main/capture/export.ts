// Captures for other tools: HTML to read and print, Markdown, CSV, JSON Lines, Parquet. All stream from the capture, and
// all come under another name first.
import { stringify } from 'csv-stringify/sync';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { z } from 'zod';
import type { ExportFormat } from '../../contract/api.ts';
import { count } from '../../contract/format.ts';
import { inHtml, inJson, inMarkdown, visible } from '../../contract/inert.ts';
import { decode, mapsFrame, physicalAddress } from '../../contract/paging.ts';
import { sayTraced } from '../../contract/trace.ts';
import { ENTRY_KINDS, NOTE, sumCounts, VERDICT, VERDICTS } from '../../contract/verdicts.ts';
import { causeOf, type PageState, pageStates, sayState } from '../../contract/watch.ts';
import {
  bar,
  type CheckRecord,
  Count,
  checkFacts,
  counts,
  EVIDENCE,
  evidenceWords,
  Hex,
  htmlFacts,
  htmlPage,
  htmlSections,
  htmlVerdicts,
  machineFacts,
  Verdicts,
  x,
} from '../explorer/report.ts';
import { fileFailed, PartialFile } from '../partial.ts';
import { Failed } from '../sources/failed.ts';
import { type CaptureContents, type CapturedSpace, runsOf } from './captured.ts';
import { wordsAt } from './pages.ts';

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
type PageLine = Extract<ExportLine, { type: 'pages' }>;

/** A stretch of pages with its words as numbers. */
interface PageRow {
  readonly space: CapturedSpace;
  readonly line: PageLine;
  readonly va: bigint;
  readonly pages: bigint;
  readonly pfn: bigint | null;
  readonly pagemap: bigint;
  readonly entry: bigint;
  readonly kernel: bigint;
}

function* pageRows({ begin: { target } }: CaptureContents, space: CapturedSpace): Generator<PageRow> {
  const { regions } = space;
  let at = 0;
  for (const stretch of space.pages.stretches()) {
    if (at > 0 && stretch.va < (regions.begin[at] ?? 0n)) at = 0; // pages that were settled later
    while (at < regions.end.length && (regions.end[at] as bigint) <= stretch.va) at++;
    const inside = (regions.begin[at] ?? stretch.va + 1n) <= stretch.va;
    const leaf = decode(stretch.entry, stretch.level || 1, target);
    const maps = mapsFrame(leaf.kind);
    const pfn = maps ? physicalAddress(stretch.va, leaf) >> 12n : null;
    const { pagemap, entry, kernel } = wordsAt(stretch, 0n);
    yield {
      space,
      va: stretch.va,
      pages: stretch.pages,
      pfn,
      pagemap,
      entry,
      kernel,
      line: {
        type: 'pages',
        pid: space.pid,
        startTicks: Number(space.startTicks),
        process: space.name,
        va: x(stretch.va),
        pages: Number(stretch.pages),
        verdict: VERDICTS[stretch.verdict] ?? 'notComparable',
        note: NOTE.name(stretch.note),
        kind: leaf.kind,
        level: stretch.level,
        pageSize: maps ? 2 ** leaf.shift : 0,
        pfn: pfn === null ? null : x(pfn),
        step: stretch.step,
        pagemap: x(pagemap),
        entry: x(entry),
        kernel: x(kernel),
        permissions: inside ? (regions.permissions[at] ?? '') : '',
        path: inside ? (regions.path[at] ?? '') : '',
      },
    };
  }
}

/** What became of watched pages, oldest first. */
function* watchLines(contents: CaptureContents): Generator<Extract<ExportLine, { type: 'watch' }>> {
  const last = new Map<string, PageState>();
  for (const { pid, batch } of contents.watches)
    for (const state of pageStates(batch.rows, batch.flags, batch.counts, batch.ns)) {
      const key = `${pid} ${state.va}`;
      const from = last.get(key);
      last.set(key, state);
      const { ns, va, raw, pagemap } = state;
      const cause = from && !batch.initial ? causeOf(from, state) : null;
      yield {
        type: 'watch',
        ns: Number(ns),
        pid,
        va: x(va),
        state: sayState(state),
        cause,
        entry: x(raw),
        pagemap: x(pagemap),
      };
    }
}

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

/** A process as the reports of single checks want it; its rows are those that are no plain agreement. */
function recordOf({ begin, end }: CaptureContents, space: CapturedSpace): CheckRecord | undefined {
  const { pid, startTicks, name, user, regions, summary, evidence } = space;
  return (
    summary && {
      pid,
      startTicks,
      name,
      user,
      target: begin.target,
      regions,
      summary,
      runs: runsOf(space.pages.stretches()),
      evidence,
      runsDropped: 0n,
      evidenceDropped: 0n,
      startedAt: new Date(space.at),
      finishedAt: new Date(end?.finishedAt ?? space.at),
    }
  );
}

const totals = (contents: CaptureContents) => sumCounts(contents.spaces.flatMap((s) => s.summary?.counts ?? []));

const captureFacts = (contents: CaptureContents): [string, string][] => [
  ['Made', `${contents.begin.startedAt} to ${contents.end?.finishedAt ?? 'an end that is missing'}`],
  ['By', `cr3scope ${contents.begin.target.version}: ${contents.begin.arguments.join(' ')}`],
  ...machineFacts(contents.begin.target),
  ['Kernel command line', contents.begin.kernelCommandLine],
  ['Whole', contents.problem ? `NO: ${contents.problem.message}` : 'complete, and as it was written'],
  ['SHA-256', contents.digest],
];

/** Rows of one process that the HTML of several shows. */
const HTML_ROWS = 200;

function* html(contents: CaptureContents, onProcess: () => void): Generator<string> {
  const [head = '', foot = ''] = htmlPage(`cr3scope capture of ${contents.begin.target.hostname}`, '\u0001').split(
    '\u0001',
  );
  const total = totals(contents);
  yield `${head}<h1>Capture of ${inHtml(contents.begin.target.hostname)}</h1>${bar(total)}${htmlVerdicts(total)}
<h2>Facts</h2>${htmlFacts(captureFacts(contents))}
<h2>Processes</h2><table class="index"><thead><tr><th class="n">PID</th><th>Name</th><th>User</th><th class="n">Root PA</th><th class="n">Pages</th><th>Verdicts</th></tr></thead><tbody>`;
  for (const { pid, name, user, summary } of contents.spaces)
    yield `<tr><td class="n"><a href="#p${pid}">${pid}</a></td><td>${inHtml(name)}</td><td>${inHtml(user)}</td><td class="n">${summary ? x(summary.rootPa) : '?'}</td><td class="n">${summary ? count(summary.pages) : 'not finished'}</td><td>${bar(summary?.counts ?? [])}</td></tr>`;
  yield '</tbody></table>';
  if (contents.skipped.length)
    yield `<h2>Not captured</h2>${htmlFacts(contents.skipped.map((s) => [`${s.pid} ${s.name}`, s.message]))}`;
  for (const space of contents.spaces) {
    const record = recordOf(contents, space);
    if (record)
      yield `<details id="p${space.pid}"${contents.spaces.length === 1 ? ' open' : ''}><summary><h2>${space.pid} ${inHtml(space.name)}</h2></summary>${bar(record.summary.counts)}
${htmlFacts(checkFacts(record))}${htmlSections(record, 3, HTML_ROWS)}</details>`;
    onProcess();
  }
  if (contents.traced.length) {
    const start = contents.traced[0]?.ns ?? 0n;
    yield `<h2>Trace</h2><table><thead><tr><th class="n">Seconds</th><th class="n">PID</th><th>What happened</th></tr></thead><tbody>`;
    for (const event of contents.traced)
      yield `<tr><td class="n">${(Number(event.ns - start) / 1e9).toFixed(4)}</td><td class="n">${event.pid}</td><td>${inHtml(sayTraced(event))}</td></tr>`;
    yield '</tbody></table>';
  }
  if (contents.watches.length) {
    yield `<h2>Watched pages</h2><table><thead><tr><th class="n">Monotonic ns</th><th class="n">PID</th><th class="n">Page</th><th>Now</th><th>Likely cause</th></tr></thead><tbody>`;
    for (const w of watchLines(contents))
      yield `<tr><td class="n">${w.ns}</td><td class="n">${w.pid}</td><td class="n">${w.va}</td><td>${inHtml(w.state)}</td><td>${inHtml(w.cause ?? 'as it was found')}</td></tr>`;
    yield '</tbody></table>';
  }
  yield foot;
}

function* markdown(contents: CaptureContents, onProcess: () => void): Generator<string> {
  const total = counts(totals(contents));
  yield `# Capture of ${inMarkdown(contents.begin.target.hostname)}\n\n`;
  for (const [name, value] of captureFacts(contents)) yield `- **${name}**: ${inMarkdown(value)}\n`;
  yield `\n| Verdict | Pages |\n| --- | ---: |\n`;
  for (const v of VERDICTS) yield `| ${VERDICT.label(v)} | ${total[v]} |\n`;
  yield `\n| PID | Name | User | Root PA | Pages | Mismatches | Changed between |\n| ---: | --- | --- | --- | ---: | ---: | ---: |\n`;
  for (const { pid, name, user, summary } of contents.spaces) {
    const found = counts(summary?.counts ?? []);
    yield `| ${pid} | ${inMarkdown(name)} | ${inMarkdown(user)} | ${summary ? x(summary.rootPa) : '?'} | ${summary?.pages ?? 'not finished'} | ${found.mismatch} | ${found.changedBetween} |\n`;
    onProcess();
  }
  if (contents.skipped.length) yield '\nNot captured:\n\n';
  for (const s of contents.skipped) yield `- ${s.pid} ${inMarkdown(s.name)}: ${inMarkdown(s.message)}\n`;
  if (contents.traced.length) yield '\nTrace:\n\n';
  for (const event of contents.traced) yield `- ${event.pid}: ${inMarkdown(sayTraced(event))}\n`;
}

const CSV_COLUMNS = [
  'pid',
  'startTicks',
  'process',
  'va',
  'pages',
  'verdict',
  'note',
  'kind',
  'level',
  'pageSize',
  'pfn',
  'step',
  'pagemap',
  'entry',
  'kernel',
  'permissions',
  'path',
] as const satisfies readonly (keyof PageLine)[];

function* csv(contents: CaptureContents, onProcess: () => void): Generator<string> {
  const encode = (rows: unknown[][]) => stringify(rows, { escape_formulas: true });
  yield encode([[...CSV_COLUMNS]]);
  for (const space of contents.spaces) {
    let rows: unknown[][] = [];
    for (const { line } of pageRows(contents, space)) {
      rows.push(CSV_COLUMNS.map((name) => (typeof line[name] === 'string' ? visible(line[name]) : line[name])));
      if (rows.length < 10_000) continue;
      yield encode(rows);
      rows = [];
    }
    yield encode(rows);
    onProcess();
  }
}

const ROW_GROUP = 65_536;

/** Words as UINT64, so that other tools can add and compare them. */
function* parquet(contents: CaptureContents, onProcess: () => void, path: string): Generator<string> {
  const u64 = (name: string, value: (row: PageRow) => bigint | null) =>
    ({ name, type: 'INT64', converted_type: 'UINT_64', value }) as const;
  const i32 = (name: string, value: (row: PageRow) => number) => ({ name, type: 'INT32', value }) as const;
  const text = (name: string, value: (row: PageRow) => string) =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', value }) as const;
  const columns = [
    i32('pid', (r) => r.line.pid),
    u64('start_ticks', (r) => r.space.startTicks),
    text('process', (r) => r.line.process),
    u64('va', (r) => r.va),
    u64('pages', (r) => r.pages),
    text('verdict', (r) => r.line.verdict),
    text('note', (r) => r.line.note),
    text('kind', (r) => r.line.kind),
    i32('level', (r) => r.line.level),
    i32('page_size', (r) => r.line.pageSize),
    u64('pfn', (r) => r.pfn),
    text('step', (r) => r.line.step),
    u64('pagemap', (r) => r.pagemap),
    u64('entry', (r) => r.entry),
    u64('kernel', (r) => r.kernel),
    text('permissions', (r) => r.line.permissions),
    text('path', (r) => r.line.path),
  ];
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ value: _, ...column }) => ({
        ...column,
        repetition_type: column.name === 'pfn' ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      })),
    ],
    kvMetadata: [
      { key: 'cr3scope.sha256', value: contents.digest },
      { key: 'cr3scope.startedAt', value: contents.begin.startedAt },
      { key: 'cr3scope.release', value: contents.begin.target.release },
    ],
    createdBy: `cr3scope ${contents.begin.target.version}`,
  });
  let rows: PageRow[] = [];
  const flush = () => {
    if (rows.length === 0) return;
    writer.write({
      columnData: columns.map(({ name, value }) => ({
        name,
        data: rows.map(value as (row: PageRow) => unknown) as never[],
      })),
      rowGroupSize: ROW_GROUP,
    });
    rows = [];
  };
  for (const space of contents.spaces) {
    for (const row of pageRows(contents, space)) {
      rows.push(row);
      if (rows.length < ROW_GROUP) continue;
      flush();
      yield ''; // the library writes by itself
    }
    onProcess();
  }
  flush();
  writer.finish();
}

function* jsonLines(contents: CaptureContents, onProcess: () => void): Generator<string> {
  let text = '';
  for (const line of lines(contents, onProcess)) {
    text += `${inJson(line)}\n`;
    if (text.length < 1 << 20) continue;
    yield text;
    text = '';
  }
  yield text;
}

/**
 * Writes a capture in another format; `onProcess` is called behind each process. Fails where a file of that name is in
 * the way and not to be replaced, and where `signal` aborts it; then nothing is left.
 */
export async function exportCapture(
  contents: CaptureContents,
  format: ExportFormat,
  path: string,
  {
    force = false,
    onProcess = () => undefined,
    signal,
  }: { force?: boolean; onProcess?: () => void; signal?: AbortSignal } = {},
): Promise<void> {
  const file = new PartialFile(path, force);
  try {
    const write = { html, md: markdown, csv, jsonl: jsonLines, parquet }[format];
    for (const text of write(contents, onProcess, file.partial)) {
      file.write(text);
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) throw new Failed(`${path} was not finished`, 'It was cancelled.', 'ECANCELED');
    }
    file.finish();
  } catch (error) {
    file.discard();
    throw fileFailed(error, `${path} can’t be written`);
  }
}
