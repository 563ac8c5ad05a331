// SPDX-License-Identifier: GPL-2.0-only
// Markdown: a summary to paste.
import { inMarkdown } from '../../../contract/inert.ts';
import { sayTraced } from '../../../contract/trace.ts';
import { VERDICT, VERDICTS } from '../../../contract/verdicts.ts';
import { counts, x } from '../../explorer/report.ts';
import type { CaptureContents } from '../captured.ts';
import { captureFacts, totals } from './facts.ts';

export function* markdown(contents: CaptureContents, onProcess: () => void): Generator<string> {
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
