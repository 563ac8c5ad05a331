// SPDX-License-Identifier: GPL-2.0-only
// The page of the documentation about filters, made from the fields that the tables declare.
import { FILTERED_TABLES } from '../../app/renderer/lib/fields.ts';
import { OPERATORS, TYPE_WORDS } from '../../app/renderer/lib/filter.ts';
import { MOST_READ as FRAMES_READ, MOST_SHOWN as SHOWN } from '../../app/renderer/lib/filteredFrames.ts';
import { MOST_READ as PAGES_READ } from '../../app/renderer/lib/filteredPages.ts';

const number = (value: number) => value.toString().replace(/\B(?=(\d{3})+$)/g, ' ');
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

export const filterReference = (): string => `# Filters

<!-- Made from app/renderer/lib/fields.ts: npm test -- test/unit/filter-reference.test.ts -u -->

The boxes above the tables of the window take an expression:

\`\`\`
rights contains x and type == anonymous and size > 1M
name ~ "libc" and not verdict == agree
flags has dirty and (address >= 7f3a40000000 or name contains heap)
\`\`\`

A comparison is a field, an operator and a value. \`not\` binds most strongly, then \`and\`, then \`or\`; parentheses decide
otherwise. \`!\`, \`&&\` and \`||\` stand for them. Upper and lower case are the same. A text with blanks or one of
\`()<>~!=&|\` in it is quoted: \`"a b"\`; in quotes \`\\"\` is a quote.

A word by itself is looked for, as in a search: \`libc\`, \`4077\`. While an expression is not complete or wrong, the table
keeps its rows; the box underlines what is wrong and says what may be written.

A row without a value matches no comparison with it: a region that was not checked has no \`mapped\`.

${table(
  ['operator', 'means', 'for'],
  Object.entries(OPERATORS).map(([name, { means, types }]) => [code(name), `the field ${means}`, types.join(', ')]),
)}
${table(
  ['type', 'value'],
  Object.entries(TYPE_WORDS).map(([type, words]) => [type, words]),
)}
Units are powers of two: K, M, G, T, P. \`0x\` begins a hex number everywhere.

## What the filter of the pages covers

It looks at all pages of the address space, as of the check that is shown. The check knows in which stretches all pages have
one verdict; where verdict, note, region and address decide, no page is read. That is how 10^10 reserved pages are filtered at
once. For fields of the entry (${['kind', 'flags', 'pfn', 'size'].map(code).join(', ')}) the pages that are not empty are read, ${number(PAGES_READ)} of
them at most; the line below the list says how many were read, and how many would be left. The rows on screen are read again
all the time, so that one may have changed since.

## What the filter of the frames covers

*Frame by frame* below the map of physical memory lists the frames that the map shows. Without a filter it lists the first
${number(SHOWN)} of them, with one the first ${number(SHOWN)} that match, and counts the others. A filter reads ${number(FRAMES_READ)} frames at most, from the
lowest up; the line below the list says how many were left. Zoom in to look at those. A capture has no frames one by one.
${FILTERED_TABLES.map(
  ({ label, fields, example }) => `
## ${label}

For example ${code(example)}.

${table(
  ['field', 'type', 'what it is'],
  fields.map(({ name, type, about, plain, values }) => [
    code(name),
    type,
    `${about}${plain ? '; a word by itself is looked for here' : ''}${values ? `: ${Object.keys(values).map(code).join(', ')}` : ''}`,
  ]),
)}`,
).join('')}`;
