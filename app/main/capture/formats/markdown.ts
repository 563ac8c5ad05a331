// SPDX-License-Identifier: GPL-2.0-only
// Markdown: a summary to paste.
import { inMarkdown } from '../../../contract/inert.ts';
import { sayProof } from '../../../contract/proof.ts';
import { sayTraced } from '../../../contract/trace.ts';
import { countedVerdicts, VERDICT } from '../../../contract/verdicts.ts';
import type { Document } from '../document.ts';
import { documentFacts, notedPlace, title, totals } from './facts.ts';
import { hexWord, numbers } from './words.ts';

export function* markdown(document: Document, onProcess: () => void): Generator<string> {
  const total = totals(document);
  yield `# ${inMarkdown(title(document))}\n\n`;
  for (const [name, value] of documentFacts(document)) yield `- **${name}**: ${inMarkdown(value)}\n`;
  yield `\n| Verdict | Pages |\n| --- | ---: |\n`;
  for (const [i, v] of countedVerdicts(total).entries()) yield `| ${VERDICT.label(v)} | ${total[i] ?? 0n} |\n`;
  yield `\n| PID | Name | User | Root PA | Pages | Mismatches | Changed between |\n| ---: | --- | --- | --- | ---: | ---: | ---: |\n`;
  for (const { pid, name, user, summary } of document.spaces) {
    const found = numbers(summary?.counts ?? []);
    yield `| ${pid} | ${inMarkdown(name)} | ${inMarkdown(user)} | ${summary ? hexWord(summary.rootPa) : '?'} | ${summary?.pages ?? 'not finished'} | ${found.mismatch} | ${found.changedBetween} |\n`;
    onProcess();
  }
  const proven = document.spaces.filter(({ summary }) => summary?.proof);
  if (proven.length) yield '\nBytes of frames against /proc/PID/mem:\n\n';
  for (const { pid, name, summary } of proven)
    if (summary?.proof) yield `- ${pid} ${inMarkdown(name)}: ${sayProof(summary.proof)}\n`;
  if (document.notes.length) yield '\nNotes:\n\n';
  for (const note of document.notes) yield `- ${inMarkdown(notedPlace(note))}: ${inMarkdown(note.text)}\n`;
  if (document.skipped.length) yield '\nNot captured:\n\n';
  for (const s of document.skipped) yield `- ${s.pid} ${inMarkdown(s.name)}: ${inMarkdown(s.message)}\n`;
  if (document.traced.length) yield '\nTrace:\n\n';
  for (const event of document.traced) yield `- ${event.pid}: ${inMarkdown(sayTraced(event))}\n`;
}
