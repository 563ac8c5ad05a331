// SPDX-License-Identifier: GPL-2.0-only
// What changed between two captures, and its words.
import { z } from 'zod';
import { count, hex, hexVa } from './format.ts';
import { visible } from './inert.ts';
import { wordsOf } from './sources.ts';

/** What can become of a page. */
export const PAGE_CHANGES = [
  'mapped',
  'unmapped',
  'moved',
  'swappedOut',
  'swappedIn',
  'swapMoved',
  'resized',
  'permission',
  'sharing',
  'kind',
  'unsure',
] as const;
export type PageChange = (typeof PAGE_CHANGES)[number];

export const PAGE_CHANGE_TEXT: Readonly<Record<PageChange, string>> = {
  mapped: 'came to map a frame',
  unmapped: 'lost its frame',
  moved: 'maps another frame',
  swappedOut: 'went to swap',
  swappedIn: 'came back from swap',
  swapMoved: 'lies in another swap slot',
  resized: 'the same frames in pages of another size',
  permission: 'the same frame with other rights',
  sharing: 'the same frame, shared or exclusive now',
  kind: 'another kind of entry',
  unsure: 'changed or not comparable in one of the captures',
};

const Words = wordsOf(z.bigint());
const Process = {
  pid: z.number(),
  startTicks: z.bigint(),
  name: z.string(),
  /** Of one that came: who forked it; 0: not known. */
  parent: z.number(),
  /** Whether the other capture has another process of this PID. */
  reused: z.boolean(),
};
const Region = {
  pid: z.number(),
  begin: z.bigint(),
  end: z.bigint(),
  /** Permissions; "" if it was not there. */
  before: z.string(),
  after: z.string(),
  path: z.string(),
};

export const Difference = z.discriminatedUnion('type', [
  z.object({ type: z.literal('boot'), before: z.string(), after: z.string() }),
  z.object({ type: z.literal('processGone'), ...Process }),
  z.object({ type: z.literal('processCome'), ...Process }),
  /** Captured in only one of them. */
  z.object({ type: z.literal('notCaptured'), ...Process }),
  /** Another root, before and after. */
  z.object({ type: z.literal('exec'), pid: z.number(), name: z.string(), before: z.bigint(), after: z.bigint() }),
  z.object({ type: z.literal('regionGone'), ...Region }),
  z.object({ type: z.literal('regionCome'), ...Region }),
  z.object({ type: z.literal('regionChanged'), ...Region }),
  /** Pages that follow each other with the same change; the words are those of the first. */
  z.object({
    type: z.literal('pages'),
    pid: z.number(),
    va: z.bigint(),
    pages: z.bigint(),
    change: z.enum(PAGE_CHANGES),
    before: Words,
    after: Words,
  }),
]);
export type Difference = z.infer<typeof Difference>;

export const DiffTotals = z.object({
  /** Processes that are in both. */
  paired: z.number(),
  gone: z.number(),
  come: z.number(),
  executed: z.number(),
  regions: z.number(),
  pages: z.object(
    Object.fromEntries(PAGE_CHANGES.map((change) => [change, z.bigint()])) as Record<PageChange, z.ZodBigInt>,
  ),
});
export type DiffTotals = z.infer<typeof DiffTotals>;

/** Whether anything is known to have changed. */
export const differs = ({ gone, come, executed, regions, pages }: DiffTotals): boolean =>
  gone + come + executed + regions > 0 || PAGE_CHANGES.some((change) => change !== 'unsure' && pages[change] > 0n);

const named = (name: string) => (name ? ` ${visible(name)}` : '');

/** "went to swap: 16 pages", without where. */
export function sayChange(d: Difference): string {
  switch (d.type) {
    case 'boot':
      return 'The captures are from different boots: processes and frame numbers can’t be compared.';
    case 'processGone':
      return `is gone${d.reused ? '; its PID is used again' : ''}`;
    case 'processCome':
      return `came${d.parent ? `, from ${d.parent}` : ''}${d.reused ? '; its PID was another process' : ''}`;
    case 'notCaptured':
      return 'is captured in only one of them';
    case 'exec':
      return `executed another program: root 0x${hex(d.before)} → 0x${hex(d.after)}`;
    case 'regionGone':
      return `region gone, ${d.before}${named(d.path)}`;
    case 'regionCome':
      return `new region, ${d.after}${named(d.path)}`;
    case 'regionChanged':
      return `region changed, ${d.before} → ${d.after}${named(d.path)}`;
    case 'pages':
      return `${count(d.pages)} ${d.pages === 1n ? 'page' : 'pages'}: ${PAGE_CHANGE_TEXT[d.change]} (${hex(d.before.tableWalk, 16)} → ${hex(d.after.tableWalk, 16)})`;
  }
}

/** Where it is: an address, a range, a name; "" if that says nothing. */
export function sayWhere(d: Difference): string {
  if (d.type === 'pages') return hexVa(d.va);
  if ('begin' in d) return `${hexVa(d.begin)}-${hexVa(d.end)}`;
  return 'name' in d ? visible(d.name) : '';
}
