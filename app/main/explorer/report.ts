// SPDX-License-Identifier: GPL-2.0-only
// A finished check as a document: JSON (docs/report.schema.json), CSV of rows, self-contained HTML.
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import {
  type ByteProof,
  type CheckSummary,
  type Evidence,
  OUTCOMES,
  type Regions,
  type Runs,
  type Target,
} from '../../contract/api.ts';
import { bytes, count, hex, hexVa } from '../../contract/format.ts';
import { inHtml, visible } from '../../contract/inert.ts';
import { levelName } from '../../contract/paging.ts';
import { sayProof } from '../../contract/proof.ts';
import { NOTE, VERDICT, VERDICTS, verdictCounts } from '../../contract/verdicts.ts';

/** All that is known of a finished check. */
export interface CheckRecord {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
  readonly user: string;
  readonly target: Target;
  readonly regions: Regions | null;
  readonly summary: CheckSummary;
  readonly runs: Runs;
  readonly evidence: readonly Evidence[];
  readonly runsDropped: bigint;
  readonly evidenceDropped: bigint;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** What schemas of documents share. */
export const Hex = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .describe('64-bit word in hex');
export const Count = z.number().int().min(0);
export const Verdicts = z.object(
  Object.fromEntries(VERDICTS.map((v) => [v, Count])) as Record<(typeof VERDICTS)[number], typeof Count>,
);

/** Both readings of a page, as documents have them. */
export const EVIDENCE = {
  va: Hex,
  verdict: z.enum(VERDICTS),
  note: NOTE.schema,
  rounds: Count,
  firstNs: Count,
  lastNs: Count,
  firstPagemap: Hex,
  firstKernel: Hex,
  firstEntry: Hex,
  lastPagemap: Hex,
  lastKernel: Hex,
};

/** The published form of a JSON report; docs/report.schema.json is made from it. */
export const JsonReport = z
  .object({
    format: z.literal('cr3scope-report/3'),
    version: z.string().describe('of cr3scope'),
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime(),
    target: z.object({
      hostname: z.string(),
      release: z.string(),
      build: z.string(),
      cpuModel: z.string(),
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
    }),
    sources: z.array(z.object({ name: z.string(), ready: z.boolean(), detail: z.string() })),
    process: z.object({
      pid: Count,
      startTicks: Count.describe('clock ticks since boot'),
      name: z.string(),
      user: z.string(),
      rootPa: Hex.describe('physical address of mm->pgd'),
    }),
    check: z.object({
      outcome: z.enum(OUTCOMES),
      pages: Count,
      verdicts: Verdicts,
      seconds: z.number(),
      outsideRegions: Count,
      rechecked: Count,
      tables: z.record(z.string(), Count),
    }),
    bytes: z
      .object({
        pages: Count,
        same: Count,
        changing: Count,
        moved: Count,
        noFrame: Count,
        noMemory: Count,
        differ: Count,
        differences: z.array(z.object({ va: Hex, pfn: Hex, offset: Count, frame: z.string(), memory: z.string() })),
      })
      .nullable()
      .describe('bytes of the mapped frames against /proc/PID/mem, in pages; null where that was not asked for'),
    regions: z.array(z.object({ begin: Hex, end: Hex, permissions: z.string(), path: z.string(), verdicts: Verdicts })),
    rows: z
      .array(
        z.object({
          va: Hex,
          pages: Count,
          verdict: z.enum(VERDICTS),
          note: NOTE.schema,
          pagemap: Hex.describe('raw word of the first page'),
          kernel: Hex.describe('word of the kernel walk (kmod/cr3scope.h), 0x0 where the module was not loaded'),
          entry: Hex.describe('raw last entry of its walk'),
        }),
      )
      .describe('every stretch of pages that is no plain agreement'),
    evidence: z
      .array(
        z.object({
          ...EVIDENCE,
          lastWalk: z.array(z.object({ level: Count, table: Hex, entry: Hex })),
        }),
      )
      .describe('both readings of every page that changed, could not be compared or mismatches'),
    dropped: z
      .object({ rows: Count, evidence: Count })
      .describe('beyond what is kept in memory; the counts above are exact'),
  })
  .describe('A cr3scope check of one address space');
export type JsonReport = z.infer<typeof JsonReport>;

export const x = (value: bigint) => `0x${hex(value)}`;
const verdictName = (index: number | undefined) => VERDICTS[index ?? 0] as (typeof VERDICTS)[number];
const noteName = (index: number | undefined) => NOTE.name(index ?? 0);
export const counts = (words: ArrayLike<bigint>) =>
  Object.fromEntries(Object.entries(verdictCounts(words)).map(([k, v]) => [k, Number(v)])) as z.infer<typeof Verdicts>;

/** Seconds that the check took, by the monotonic clock. */
export const checkSeconds = (s: CheckSummary): number => Number(s.endNs - s.beginNs) / 1e9;

function* regionsOf({ summary, regions }: CheckRecord) {
  for (let i = 0; i < summary.regionBegin.length; i++) {
    const begin = summary.regionBegin[i] as bigint;
    const at = regions ? regions.end.findIndex((end, k) => begin >= (regions.begin[k] as bigint) && begin < end) : -1;
    yield {
      begin,
      end: summary.regionEnd[i] as bigint,
      permissions: regions?.permissions[at] ?? '',
      path: regions?.path[at] ?? '',
      counts: summary.regionCounts.subarray(i * VERDICTS.length, (i + 1) * VERDICTS.length),
    };
  }
}

const PROOF_COUNTS = ['pages', 'same', 'changing', 'moved', 'noFrame', 'noMemory', 'differ'] as const;

export const evidenceWords = (e: Evidence) => ({
  va: x(e.va),
  verdict: verdictName(e.verdict),
  note: noteName(e.note),
  rounds: e.rounds,
  firstNs: Number(e.firstNs),
  lastNs: Number(e.lastNs),
  firstPagemap: x(e.firstPagemap),
  firstKernel: x(e.firstKernel),
  firstEntry: x(e.firstEntry),
  lastPagemap: x(e.lastPagemap),
  lastKernel: x(e.lastKernel),
});

function toJson(r: CheckRecord): JsonReport {
  const t = r.target;
  return {
    format: 'cr3scope-report/3',
    version: t.version,
    startedAt: r.startedAt.toISOString(),
    finishedAt: r.finishedAt.toISOString(),
    target: {
      hostname: t.hostname,
      release: t.release,
      build: t.build,
      cpuModel: t.cpuModel,
      cpus: t.cpus,
      memoryBytes: Number(t.memoryBytes),
      levels: t.levels,
      virtualBits: t.virtualBits,
      maxPhysBits: t.maxPhysBits,
      pti: t.pti,
      pcid: t.pcid,
      lam: t.lam,
      encryptionMask: x(t.encryptionMask),
      lockdown: t.lockdown,
      directMap: x(t.directMap),
      directMapFrom: t.directMapFrom,
      zeroPfn: x(t.zeroPfn),
    },
    sources: t.sources.map(({ name, ready, detail }) => ({ name, ready, detail })),
    process: { pid: r.pid, startTicks: Number(r.startTicks), name: r.name, user: r.user, rootPa: x(r.summary.rootPa) },
    check: {
      outcome: OUTCOMES[r.summary.outcome] ?? 'complete',
      pages: Number(r.summary.pages),
      verdicts: counts(r.summary.counts),
      seconds: checkSeconds(r.summary),
      outsideRegions: Number(r.summary.outside),
      rechecked: Number(r.summary.rechecked),
      tables: Object.fromEntries(
        [...r.summary.tables]
          .map((n, level) => [levelName(level, t.levels), Number(n)] as const)
          .filter(([, n]) => n > 0),
      ),
    },
    bytes: r.summary.proof && {
      ...(Object.fromEntries(
        PROOF_COUNTS.map((name) => [name, Number((r.summary.proof as ByteProof)[name])]),
      ) as Record<(typeof PROOF_COUNTS)[number], number>),
      differences: r.summary.proof.differences.map((d) => ({
        va: x(d.va),
        pfn: x(d.pfn),
        offset: d.offset,
        frame: Buffer.from(d.frame).toString('hex'),
        memory: Buffer.from(d.memory).toString('hex'),
      })),
    },
    regions: [...regionsOf(r)].map(({ begin, end, permissions, path, counts: c }) => ({
      begin: x(begin),
      end: x(end),
      permissions,
      path,
      verdicts: counts(c),
    })),
    rows: Array.from(r.runs.va, (va, i) => ({
      va: x(va),
      pages: Number(r.runs.pages[i]),
      verdict: verdictName(r.runs.verdict[i]),
      note: noteName(r.runs.note[i]),
      pagemap: x(r.runs.pagemap[i] as bigint),
      kernel: x(r.runs.kernel[i] as bigint),
      entry: x(r.runs.entry[i] as bigint),
    })),
    evidence: r.evidence.map((e) => ({
      ...evidenceWords(e),
      lastWalk: [5, 4, 3, 2, 1]
        .filter((level) => level <= t.levels && e.lastPath.last > 0 && level >= e.lastPath.last)
        .map((level) => ({
          level,
          table: x(e.lastPath.table[level] as bigint),
          entry: x(e.lastPath.entry[level] as bigint),
        })),
    })),
    dropped: { rows: Number(r.runsDropped), evidence: Number(r.evidenceDropped) },
  };
}

export const jsonReport = (r: CheckRecord): string => `${JSON.stringify(toJson(r), null, 1)}\n`;

/** The CSV lines of some runs; cells that a spreadsheet would run as a formula come out as text. */
export function csvRows(runs: Runs, regions: Regions | null, header: boolean): string {
  let at = 0;
  const lines = Array.from(runs.va, (va, i) => {
    while (regions && at < regions.end.length && (regions.end[at] as bigint) <= va) at++;
    const inside = regions && (regions.begin[at] ?? va + 1n) <= va;
    return [
      x(va),
      String(runs.pages[i]),
      verdictName(runs.verdict[i]),
      noteName(runs.note[i]),
      x(runs.pagemap[i] as bigint),
      x(runs.kernel[i] as bigint),
      x(runs.entry[i] as bigint),
      inside ? (regions.permissions[at] ?? '') : '',
      inside ? visible(regions.path[at] ?? '') : '',
    ];
  });
  const columns = ['va', 'pages', 'verdict', 'note', 'pagemap', 'kernel', 'entry', 'permissions', 'path'];
  return stringify(lines, { header, columns, escape_formulas: true });
}

export const csvReport = (r: CheckRecord): string => csvRows(r.runs, r.regions, true);

/** Rows that the HTML shows before it points to CSV or JSON for the rest. */
const HTML_ROWS = 2000;

const colours = (ground: 'light' | 'dark') => VERDICTS.map((v) => `--${v}:${VERDICT.word(v)[ground]}`).join(';');
const HTML_STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1f26;--dim:#5b6672;--line:#d8dee6;${colours('light')}}
@media(prefers-color-scheme:dark){:root{--bg:#0f1216;--fg:#dde3ea;--dim:#95a1ae;--line:#2a313a;${colours('dark')}}}
body{font:14px/1.45 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:75rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}th[scope=row]{white-space:nowrap;padding-right:1rem}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.n,code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12.5px}th.n{font:inherit;font-weight:bold;text-align:right}.n{text-align:right}.dim{color:var(--dim)}
.bar{display:flex;height:14px;border-radius:3px;overflow:hidden;background:var(--line)}.bar i{min-width:3px}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.4em}td code{overflow-wrap:anywhere}
summary{cursor:pointer}summary h2,summary h3{display:inline;margin:0}h3{font-size:1rem}.wide{overflow-x:auto}
.index td{padding-block:.35rem}.index .bar{min-width:8rem}
@page{margin:14mm}
@media print{:root{color-scheme:light}body{max-width:none;margin:0;padding:0;font-size:9pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.n,code{font-size:7pt}.wide{overflow:visible}tr,.bar{break-inside:avoid}thead{display:table-header-group}h2,h3,summary{break-after:avoid}
td,th{padding-right:.5rem}td{overflow-wrap:anywhere}td.n{overflow-wrap:normal;white-space:nowrap}th{white-space:nowrap}}`;

export function bar(words: ArrayLike<bigint>): string {
  const parts = VERDICTS.map((v, i) =>
    words[i] ? `<i style="flex:${words[i]};background:var(--${v})" title="${VERDICT.label(v)}: ${words[i]}"></i>` : '',
  );
  return `<div class="bar">${parts.join('')}</div>`;
}

/** A whole page: nothing in it runs, and nothing is fetched. */
export const htmlPage = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>${inHtml(title)}</title><style>${HTML_STYLE}</style></head><body><main>
${body}
</main></body></html>\n`;

/** Names with values. */
export const htmlFacts = (facts: readonly (readonly [string, string])[]): string =>
  `<table><tbody>${facts.map(([k, v]) => `<tr><th scope="row">${inHtml(k)}</th><td>${inHtml(v)}</td></tr>`).join('')}</tbody></table>`;

/** How often each verdict was found, and what it means. */
export const htmlVerdicts = (words: ArrayLike<bigint>): string =>
  `<table><thead><tr><th>Verdict</th><th class="n">Pages</th><th>Meaning</th></tr></thead><tbody>${VERDICTS.map(
    (v, i) =>
      `<tr><td><span class="dot" style="background:var(--${v})"></span>${VERDICT.label(v)}</td><td class="n">${count(words[i] ?? 0n)}</td><td class="dim">${VERDICT.meaning(v)}</td></tr>`,
  ).join('')}</tbody></table>`;

/** The machine and the sources that a check was made with. */
export function machineFacts(t: Target): [string, string][] {
  return [
    ['Machine', `${t.hostname} · ${t.cpuModel} · ${t.cpus} CPUs · ${bytes(t.memoryBytes)}`],
    ['Kernel', `${t.release} ${t.build}`],
    [
      'Paging',
      `${t.levels} levels · PTI ${t.pti ? 'on' : 'off'} · PCID ${t.pcid ? 'yes' : 'no'} · ${t.maxPhysBits} physical bits`,
    ],
    ...t.sources.map((s): [string, string] => [`Source ${s.label}`, s.ready ? s.detail : `not used: ${s.detail}`]),
  ];
}

type RegionCounts = ReturnType<typeof regionsOf> extends Generator<infer T> ? T : never;

const table = (head: string, rows: string) =>
  `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
const columns = (...names: string[]) =>
  names.map((name) => (name.startsWith('#') ? `<th class="n">${name.slice(1)}</th>` : `<th>${name}</th>`)).join('');

/** Regions, evidence and rows of one process; at most `most` rows. */
export function htmlSections(r: CheckRecord, level: 2 | 3, most = HTML_ROWS): string {
  const j = toJson(r);
  const regionRow = ({ begin, end, permissions, path, counts: c }: RegionCounts) =>
    `<tr><td class="n">${hexVa(begin)}</td><td class="n">${hexVa(end)}</td><td><code>${inHtml(permissions)}</code></td><td class="n">${bytes(end - begin)}</td><td style="width:30%">${bar(c)}</td><td><code>${inHtml(path)}</code></td></tr>`;
  const row = (w: JsonReport['rows'][number]) =>
    `<tr><td class="n">${w.va}</td><td class="n">${count(w.pages)}</td><td>${VERDICT.label(w.verdict)}</td><td>${NOTE.label(w.note)}</td><td class="n">${w.pagemap}</td><td class="n">${w.kernel}</td><td class="n">${w.entry}</td></tr>`;
  const evidenceRow = (e: JsonReport['evidence'][number]) =>
    `<tr><td class="n">${e.va}</td><td>${VERDICT.label(e.verdict)}</td><td>${NOTE.label(e.note)}</td><td class="n">${e.rounds}</td><td class="n">${e.firstPagemap}<br>${e.lastPagemap}</td><td class="n">${e.firstKernel}<br>${e.lastKernel}</td><td class="n">${e.firstEntry}<br>${e.lastWalk.at(-1)?.entry ?? ''}</td></tr>`;
  const shown = j.rows.slice(0, most);
  const evidence = j.evidence.slice(0, most);
  const omitted = j.rows.length - shown.length + j.dropped.rows;
  const unshown = j.evidence.length - evidence.length + j.dropped.evidence;
  const title = (text: string) => `<h${level}>${text}</h${level}>`;
  return `${title('Regions')}${table(columns('#Begin', '#End', 'Access', '#Size', 'Verdicts', 'What'), [...regionsOf(r)].map(regionRow).join(''))}
<details open><summary>${title('Evidence')} ${count(j.evidence.length + j.dropped.evidence)} pages${unshown ? `, ${count(unshown)} of them are not shown here` : ''}</summary>
${table(columns('#Address', 'Verdict', 'Note', '#Re-reads', '#pagemap first/last', '#Kernel walk first/last', '#Entry first/last'), evidence.map(evidenceRow).join(''))}</details>
<details><summary>${title('Rows')} all but plain agreement${omitted ? `; ${count(omitted)} more are not shown here: export CSV or JSON` : ''}</summary>
${table(columns('#Address', '#Pages', 'Verdict', 'Note', '#pagemap', '#Kernel walk', '#Entry'), shown.map(row).join(''))}</details>`;
}

/** What is to be known of the check of one process. */
export function checkFacts(r: CheckRecord): [string, string][] {
  const { summary } = r;
  const outcome = OUTCOMES[summary.outcome] ?? 'complete';
  return [
    ['Process', `${r.pid} ${r.name} (${r.user})`],
    ['Root PA (mm->pgd)', x(summary.rootPa)],
    ['Time', `${r.startedAt.toISOString()}, ${(checkSeconds(summary) * 1000).toFixed(1)} ms`],
    ['Outcome', outcome === 'complete' ? 'complete' : `the process ${outcome} during the check`],
    ['Pages', `${count(summary.pages)}, ${count(summary.rechecked)} read again`],
    ...(summary.proof ? [['Bytes', `against /proc/PID/mem: ${sayProof(summary.proof)}`] as [string, string]] : []),
  ];
}

export function htmlReport(r: CheckRecord): string {
  const title = `Check of ${r.pid} ${r.name}`;
  const facts = [...checkFacts(r), ...machineFacts(r.target), ['cr3scope', r.target.version] as const];
  return htmlPage(
    `cr3scope: ${title}`,
    `<h1>${inHtml(title)}</h1>${bar(r.summary.counts)}
${htmlVerdicts(r.summary.counts)}
<h2>Facts</h2>${htmlFacts(facts)}
${htmlSections(r, 2)}`,
  );
}
