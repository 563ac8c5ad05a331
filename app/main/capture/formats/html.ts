// SPDX-License-Identifier: GPL-2.0-only
// HTML: one file to read, print and send.
import { count } from '../../../contract/format.ts';
import { inHtml } from '../../../contract/inert.ts';
import { sayTraced } from '../../../contract/trace.ts';
import {
  bar,
  type CheckRecord,
  checkFacts,
  htmlFacts,
  htmlPage,
  htmlSections,
  htmlVerdicts,
  x,
} from '../../explorer/report.ts';
import { type CaptureContents, type CapturedSpace, RunCollector } from '../captured.ts';
import { STRETCHES_AT_ONCE } from '../pages.ts';
import { captureFacts, totals } from './facts.ts';
import { watchLines } from './rows.ts';

/** A process as the reports of single checks want it; its rows are those that are no plain agreement. */
function* recordOf(
  { begin, end }: CaptureContents,
  space: CapturedSpace,
): Generator<string, CheckRecord | undefined, undefined> {
  const { pid, startTicks, name, user, regions, evidence } = space;
  const summary = space.wholeSummary();
  if (!summary) return undefined;
  const runs = new RunCollector();
  let seen = 0;
  for (const stretch of space.pages.stretches()) {
    runs.add(stretch);
    if (++seen % STRETCHES_AT_ONCE === 0) yield ''; // others have their turn
  }
  return {
    pid,
    startTicks,
    name,
    user,
    target: begin.target,
    regions,
    summary,
    runs: runs.take(),
    evidence,
    runsDropped: 0n,
    evidenceDropped: 0n,
    startedAt: new Date(space.at),
    finishedAt: new Date(end?.finishedAt ?? space.at),
  };
}

/** Rows of one process that the HTML of several shows. */
const HTML_ROWS = 200;

export function* html(contents: CaptureContents, onProcess: () => void): Generator<string> {
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
    const record = yield* recordOf(contents, space);
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
