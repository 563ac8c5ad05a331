// SPDX-License-Identifier: GPL-2.0-only
// The sources of address translation, a row each. The core, captures, exports and the window take the sources from here.
import { z } from 'zod';
import { capitalized, hex } from './format.ts';
import { kernelText, kernelWord } from './kernel.ts';
import { pagemapFlags, pagemapPlace } from './paging.ts';
import { recordWord } from './record.ts';
import { Vocabulary, type Word } from './vocabulary.ts';

/** What a word says of a page. */
export interface Reading {
  /** As a cell of a table shows it. */
  readonly text: string;
  /** The frame that the word names. */
  readonly frame?: bigint;
  /** The flags that are set, of a source whose words have flags. They are shown beside the raw word. */
  readonly flags?: readonly string[];
}

/** The meaning of a source is what it reads through. */
interface SourceRow extends Word {
  /** What its words are called in exports. It stays, like the code. */
  readonly field: string;
  /** Why its words may be missing; they are 0 then. Undefined: every machine and every capture has them. */
  readonly absent?: string;
  /** Reads a word. */
  readonly read: (word: bigint) => Reading;
}

function readPagemap(word: bigint): Reading {
  const place = pagemapPlace(word);
  const flags = pagemapFlags(word);
  if (!place) return { text: '—', flags };
  if ('pfn' in place) return { text: hex(place.pfn, 7), frame: place.pfn, flags };
  return { text: `swap ${place.swapType}:${hex(place.swapOffset)}`, flags };
}

function readKernel(word: bigint): Reading {
  const { kind, value } = kernelWord(word);
  return { text: kernelText(word), ...(kind === 'page' && { frame: value }) };
}

function readRecord(word: bigint): Reading {
  const { text, pfn } = recordWord(word);
  return pfn === undefined ? { text } : { text: `${hex(pfn, 7)} ${text}`, frame: pfn };
}

const sources = {
  pagemap: {
    code: 0,
    label: 'pagemap',
    meaning: '/proc/PID/pagemap with frame numbers',
    field: 'pagemap',
    read: readPagemap,
  },
  /** Its word is the last entry of the walk, which decode() of paging.ts reads. The other sources are compared with it. */
  tableWalk: {
    code: 1,
    label: 'table walk',
    meaning: 'raw table frames',
    field: 'entry',
    read: (word) => ({ text: hex(word, 16) }),
  },
  kernelWalk: {
    code: 2,
    label: 'kernel walk',
    meaning: 'the kernel’s own helpers, by cr3scope.ko',
    field: 'kernel',
    absent: 'the module is not loaded',
    read: readKernel,
  },
  frameRecord: {
    code: 3,
    label: 'frame record',
    meaning: 'struct page of the frame, and the region that its place follows from',
    field: 'record',
    absent: 'only a memory image has it',
    read: readRecord,
  },
} as const satisfies Record<string, SourceRow>;
export type SourceName = keyof typeof sources;
export const SOURCE = new Vocabulary<SourceName, SourceRow>('source', sources);
/** By code. */
export const SOURCES = SOURCE.names;

const TABLE_WALK = 'tableWalk';
/** The sources that give a word for each page, which is compared with the table walk. */
export const PAGE_SOURCES = SOURCES.filter(
  (name): name is Exclude<SourceName, typeof TABLE_WALK> => name !== TABLE_WALK,
);
/** In the order in which people see them: the table walk after what is compared with it. */
export const SHOWN_SOURCES: readonly SourceName[] = [...PAGE_SOURCES, TABLE_WALK];

/** The words of a page, or columns of words, by source. A word is 0 if its source was not asked. */
export type Words<T = bigint> = Record<SourceName, T>;

/** A value for each source, by name. */
export function bySource<T>(value: (name: SourceName) => T): Words<T> {
  const all = {} as Words<T>;
  for (const name of SOURCES) all[name] = value(name);
  return all;
}

/** The schema of words by source. */
export const wordsOf = <T extends z.ZodType>(schema: T) => z.object(bySource(() => schema));

type Field = (typeof sources)[SourceName]['field'];
/** What the words are called in exports, by code. */
export const FIELDS = SOURCES.map((name) => SOURCE.word(name).field) as readonly Field[];

/** A value for each source under the name that its words have in exports. */
export const byField = <T>(value: (name: SourceName) => T) =>
  Object.fromEntries(SOURCES.map((name, i) => [FIELDS[i], value(name)])) as Record<Field, T>;

/** The name with a prefix: "firstPagemap". */
export const prefixed = <P extends string>(prefix: P, name: SourceName) => {
  return `${prefix}${capitalized(SOURCE.word(name).field)}` as `${P}${Capitalize<Field>}`;
};

/** A value for each source under the name with a prefix. */
export const byPrefixed = <P extends string, T>(prefix: P, value: (name: SourceName) => T) =>
  Object.fromEntries(SOURCES.map((name) => [prefixed(prefix, name), value(name)])) as Record<
    `${P}${Capitalize<Field>}`,
    T
  >;
