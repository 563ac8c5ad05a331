// SPDX-License-Identifier: GPL-2.0-only
// HTML: one file to read, print and send.
import type { CheckSummary } from '../../../contract/api.ts';
import { bytes, count, hexVa } from '../../../contract/format.ts';
import { inHtml } from '../../../contract/inert.ts';
import { hasKind } from '../../../contract/said.ts';
import { prefixed, SHOWN_SOURCES, SOURCE } from '../../../contract/sources.ts';
import { sayTraced } from '../../../contract/trace.ts';
import { NOTE, VERDICT } from '../../../contract/verdicts.ts';
import { RunCollector } from '../captured.ts';
import type { Document, DocumentSpace } from '../document.ts';
import { STRETCHES_AT_ONCE } from '../pages.ts';
import { checkFacts, documentFacts, notedPlace, onlySpace, title, totals } from './facts.ts';
import { bar, htmlFacts, htmlPage, htmlTable, htmlVerdicts } from './html-parts.ts';
import { watchLines } from './rows.ts';
import { checkedRegions, differenceWords, evidenceWords, hexWord } from './words.ts';

/** Rows of a process that are shown: in a document about one check, and in one about several. */
const MOST_ROWS = { one: 2000, several: 200 };

/** What the check of one process found. */
function* check(
  { begin }: Document,
  space: DocumentSpace,
  summary: CheckSummary,
  heading: 'h2' | 'h3',
): Generator<string> {
  const { evidence, dropped } = space;
  const most = heading === 'h2' ? MOST_ROWS.one : MOST_ROWS.several;
  const section = (text: string) => `<${heading}>${text}</${heading}>`;
  yield section('Regions');
  yield* htmlTable(
    ['#Begin', '#End', 'Access', '#Size', 'Verdicts', 'What'],
    Array.from(checkedRegions(space, summary), (r) => [
      hexVa(r.begin),
      hexVa(r.end),
      `<code>${inHtml(r.permissions)}</code>`,
      bytes(r.end - r.begin),
      bar(r.counts),
      `<code>${inHtml(r.path)}</code>`,
    ]),
  );
  const differences = summary.proof?.differences ?? [];
  if (differences.length) {
    yield section('Bytes that differ');
    yield* htmlTable(
      ['#Address', '#PFN', '#Offset', '#Bytes of the frame', '#Bytes of /proc/PID/mem'],
      differences
        .slice(0, most)
        .map(differenceWords)
        .map((d) => [d.va, d.pfn, String(d.offset), d.frame, d.memory]),
    );
  }
  const all = BigInt(evidence.length) + (dropped?.evidence ?? 0n);
  const unshown = all - BigInt(Math.min(evidence.length, most));
  yield `<details open><summary>${section('Evidence')} ${count(all)} pages${unshown ? `, ${count(unshown)} of them are not shown here` : ''}</summary>`;
  const sources = SHOWN_SOURCES.filter((name) => hasKind(begin.target, name));
  yield* htmlTable(
    ['#Address', 'Verdict', 'Note', '#Re-reads', ...sources.map((name) => `#${SOURCE.label(name)} first/last`)],
    evidence
      .slice(0, most)
      .map((e) => evidenceWords(e, begin.target.levels))
      .map((e) => [
        e.va,
        VERDICT.label(e.verdict),
        NOTE.label(e.note),
        String(e.rounds),
        ...sources.map((name) => `${e[prefixed('first', name)]}<br>${e[prefixed('last', name)]}`),
      ]),
  );
  const collector = new RunCollector();
  let seen = 0;
  for (const stretch of space.pages.stretches()) {
    collector.add(stretch);
    if (++seen % STRETCHES_AT_ONCE === 0) yield ''; // other work may run
  }
  const runs = collector.take();
  const shown = Math.min(runs.va.length, most);
  const omitted = [
    ...(runs.va.length > shown
      ? [`${count(runs.va.length - shown)} more are not shown here: export CSV or JSON Lines`]
      : []),
    ...(dropped?.stretches ? [`${count(dropped.stretches)} more stretches are not kept`] : []),
  ];
  yield `</details><details><summary>${section('Rows')} ${['all but plain agreement', ...omitted].join('; ')}</summary>`;
  yield* htmlTable(
    ['#Address', '#Pages', 'Verdict', 'Note', ...sources.map((name) => `#${SOURCE.label(name)}`)],
    Array.from({ length: shown }, (_, i) => [
      hexWord(runs.va[i] as bigint),
      count(runs.pages[i] as bigint),
      VERDICT.label(VERDICT.name(runs.verdict[i] as number)),
      NOTE.label(NOTE.name(runs.note[i] as number)),
      ...sources.map((name) => hexWord(runs.words[name][i] as bigint)),
    ]),
  );
  yield '</details>';
}

/** The processes of a document, then what was found of each. */
function* processes(document: Document, onProcess: () => void): Generator<string> {
  const { spaces, skipped } = document;
  yield '<h2>Processes</h2>';
  yield* htmlTable(
    ['#PID', 'Name', 'User', '#Root PA', '#Pages', 'Verdicts'],
    spaces.map(({ pid, name, user, summary }) => [
      `<a href="#p${pid}">${pid}</a>`,
      inHtml(name),
      inHtml(user),
      summary ? hexWord(summary.rootPa) : '?',
      summary ? count(summary.pages) : 'not finished',
      bar(summary?.counts ?? []),
    ]),
  );
  if (skipped.length) yield `<h2>Not captured</h2>${htmlFacts(skipped.map((s) => [`${s.pid} ${s.name}`, s.message]))}`;
  for (const space of spaces) {
    const summary = space.fullSummary();
    if (summary) {
      yield `<details id="p${space.pid}"${spaces.length === 1 ? ' open' : ''}><summary><h2>${space.pid} ${inHtml(space.name)}</h2></summary>${bar(summary.counts)}
${htmlFacts(checkFacts(space, summary, document.begin))}`;
      yield* check(document, space, summary, 'h3');
      yield '</details>';
    }
    onProcess();
  }
}

export function* html(document: Document, onProcess: () => void): Generator<string> {
  const { begin, traced } = document;
  const { head, foot } = htmlPage(`cr3scope: ${title(document)}`);
  const total = totals(document);
  const only = onlySpace(document);
  const summary = only?.fullSummary();
  yield `${head}<h1>${inHtml(title(document))}</h1>${bar(total)}
${htmlVerdicts(total)}
<h2>Facts</h2>${htmlFacts([...(only && summary ? checkFacts(only, summary, begin) : []), ...documentFacts(document)])}`;
  if (document.notes.length) {
    yield '<h2>Notes</h2>';
    yield* htmlTable(
      ['Place', 'Note', 'Written'],
      document.notes.map((note) => [inHtml(notedPlace(note)), inHtml(note.text), inHtml(note.at)]),
    );
  }
  if (only && summary) {
    yield* check(document, only, summary, 'h2');
    onProcess();
  } else yield* processes(document, onProcess);
  if (traced.length) {
    const start = traced[0]?.ns ?? 0n;
    yield '<h2>Trace</h2>';
    yield* htmlTable(
      ['#Seconds', '#PID', 'What happened'],
      traced.map((event) => [(Number(event.ns - start) / 1e9).toFixed(4), String(event.pid), inHtml(sayTraced(event))]),
    );
  }
  if (document.watches.length) {
    yield '<h2>Watched pages</h2>';
    yield* htmlTable(
      ['#Monotonic ns', '#PID', '#Page', 'Now', 'Cause'],
      Array.from(watchLines(document), (w) => [
        String(w.ns),
        String(w.pid),
        w.va,
        inHtml(w.state),
        inHtml(w.cause ?? 'as it was found'),
      ]),
    );
  }
  yield foot;
}
