// SPDX-License-Identifier: GPL-2.0-only
// The language of the filters, and the pages that one finds.
import { expect, test } from 'vitest';
import type { CheckRows, Regions, Rows, Target } from '../../app/contract/api.ts';
import { blankRows } from '../../app/contract/api.ts';
import { flagsOf, pageBytes } from '../../app/contract/paging.ts';
import { bySource } from '../../app/contract/sources.ts';
import { NOTE, VERDICT, type Verdict } from '../../app/contract/verdicts.ts';
import { ENTRY_FLAGS, FILTERED_TABLES, type FilteredPage, PAGE_FIELDS } from '../../app/renderer/lib/fields.ts';
import { completionsOf, type Field, type Filter, parseFilter } from '../../app/renderer/lib/filter.ts';
import { decide, type FilterResult, filterPages, stretchesOf } from '../../app/renderer/lib/filteredPages.ts';

interface Row {
  readonly name: string;
  readonly pid: number;
  readonly size?: bigint;
  readonly at: bigint;
  readonly kind: string;
  readonly flags: readonly string[];
}
const FIELDS: readonly Field<Row>[] = [
  { name: 'name', type: 'text', about: '', plain: true, read: (r) => r.name },
  { name: 'pid', type: 'number', about: '', plain: true, read: (r) => r.pid },
  { name: 'size', type: 'size', about: '', read: (r) => r.size },
  { name: 'at', type: 'hex', about: '', read: (r) => r.at },
  { name: 'kind', type: 'word', about: '', values: { leaf: 'a page', swap: 'swapped out' }, read: (r) => r.kind },
  { name: 'flags', type: 'set', about: '', values: { D: 'dirty', A: 'accessed' }, read: (r) => r.flags },
];
const ROW: Row = { name: 'libc.so.6', pid: 4077, size: 2n << 20n, at: 0x7f00n, kind: 'leaf', flags: ['A'] };

function filterOf(text: string): Filter<Row> {
  const parsed = parseFilter(text, FIELDS);
  if ('error' in parsed) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.filter;
}
const matches = (text: string, row: Partial<Row> = {}) => filterOf(text).matches({ ...ROW, ...row });

test('comparisons of every type', () => {
  const yes = [
    'name == libc.so.6',
    'NAME == "LIBC.SO.6"',
    'name != x',
    'name contains bc.S',
    'name ~ "^lib.*6$"',
    'pid == 4077',
    'pid == 0xfed',
    'pid >= 4077',
    'pid < 4078',
    'pid > 4076.5',
    'size == 2M',
    'size == 2MiB',
    'size == 2097152',
    'size == 2048K',
    'size > 1.5m',
    'size <= 0.002G',
    'at == 7f00',
    'at == 0x7f00',
    'at > 7eff',
    'kind == leaf',
    'kind == "A PAGE"',
    'kind != swap',
    'flags has A',
    'flags has accessed',
    'not flags has D',
  ];
  expect(yes.filter((text) => !matches(text))).toEqual([]);
  const no = ['name == libc', 'pid != 4077', 'size > 2M', 'at < 7f00', 'kind == swap', 'flags has dirty'];
  expect(no.filter((text) => matches(text))).toEqual([]);
});

test('numbers of 64 bits are exact', () => {
  expect(matches('at == fffffffffffff001', { at: 0xfffffffffffff001n })).toBe(true);
  expect(matches('at == fffffffffffff001', { at: 0xfffffffffffff002n })).toBe(false);
  expect(matches('size == 9007199254740993', { size: 9007199254740993n })).toBe(true);
  expect(matches('size == 9007199254740993', { size: 9007199254740992n })).toBe(false);
});

test('a row without a value matches no comparison with it', () => {
  const row = { ...ROW, size: undefined } as unknown as Row;
  expect(filterOf('size > 0').matches(row)).toBe(false);
  expect(filterOf('size != 1').matches(row)).toBe(false);
  expect(filterOf('size == 1 or pid == 4077').matches(row)).toBe(true);
});

test('and binds more strongly than or, not most; parentheses decide otherwise', () => {
  const table: [text: string, result: boolean][] = [
    ['pid == 4077 or pid == 1 and name == x', true],
    ['(pid == 4077 or pid == 1) and name == x', false],
    ['not pid == 1 and name == x', false],
    ['not (pid == 1 and name == x)', true],
    ['not not pid == 4077', true],
    ['pid == 4077 && !(name == x || kind == swap)', true],
  ];
  expect(table.map(([text]) => [text, matches(text)])).toEqual(table);
});

test('a value by itself is looked for, as before there was a language', () => {
  expect([matches('libc'), matches('LIB'), matches('"so.6"'), matches('4077'), matches('407')]).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
  expect(matches('libc and size > 1M')).toBe(true);
});

test('errors name the place and say what to write', () => {
  const wrong: [text: string, marked: string, message: RegExp][] = [
    ['siez > 1M', 'siez', /no field “siez”. Fields are name, pid, size/],
    ['size > 1X', '1X', /“1X” is not a size like 512, 64K/],
    ['at == xyz', 'xyz', /not a number in hex/],
    ['pid == 5K', '5K', /not a number like 12/],
    ['size = 1M', '=', /write ==/],
    ['size contains 1', 'contains', /can’t compare “size”. Write one of ==, !=, >/],
    ['name > x', '>', /can’t compare “name”/],
    ['kind == page ', 'page', /never “page”. It is one of leaf, swap/],
    ['flags has X', 'X', /one of D, A/],
    ['name ~ "("', '"("', /not a regular expression/],
    ['name == "x', '"x', /no closing quote/],
    ['pid == 1 name == x', 'name', /“and” or “or” is missing before “name”/],
    ['pid == 1)', ')', /closes nothing/],
    ['and pid == 1', 'and', /missing before “and”/],
    ['pid == and', 'and', /a value is missing before “and”/],
  ];
  for (const [text, marked, message] of wrong) {
    const parsed = parseFilter(text, FIELDS);
    if (!('error' in parsed)) throw new Error(`${text} is taken`);
    const { from, to, message: said, expects } = parsed.error;
    expect([text, text.slice(from, to), expects]).toEqual([text, marked, undefined]);
    expect(said).toMatch(message);
  }
});

test('an expression that is not complete says what comes next', () => {
  const open: [text: string, kind: string][] = [
    ['pid', 'operator'],
    ['pid ==', 'value'],
    ['pid == 1 and', 'field'],
    ['not', 'field'],
    ['(pid == 1', 'connective'],
    ['(', 'field'],
    ['pid == 1 an', 'connective'],
    ['pid == 1 and na', 'field'],
    ['name cont', 'operator'],
    ['pid =', 'operator'],
    ['kind == le', 'value'],
  ];
  const kinds = open.map(([text]) => {
    const parsed = parseFilter(text, FIELDS);
    return [text, 'error' in parsed && parsed.error.expects?.kind];
  });
  expect(kinds).toEqual(open);
});

test('completion of fields, operators, words and connectives', () => {
  const words = (text: string) => completionsOf(text, FIELDS).map((c) => c.text);
  expect(words('')).toEqual(['name', 'pid', 'size', 'at', 'kind', 'flags', 'not']);
  expect(words('na')).toEqual(['name']);
  expect(words('name')).toEqual([]);
  expect(words('pid ')).toEqual(['==', '!=', '>', '>=', '<', '<=']);
  expect(words('name c')).toEqual(['contains']);
  expect(words('flags ')).toEqual(['has']);
  expect(words('kind == ')).toEqual(['leaf', 'swap']);
  expect(words('kind == s')).toEqual(['swap']);
  expect(words('pid == 1 ')).toEqual(['and', 'or']);
  expect(words('pid == 1 and (k')).toEqual(['kind']);
  expect(words('siez > ')).toEqual([]);
  const [first] = completionsOf('pid == 1 and ki', FIELDS);
  expect([first?.from, first?.to]).toEqual([13, 15]);
});

test('a filter decides without what is not known, where it can', () => {
  const know = (known: Partial<Record<string, unknown>>) => (field: Field<Row>) =>
    field.name in known ? (known[field.name] as bigint) : null;
  expect(filterOf('pid == 1 and size > 1M').evaluate(know({ pid: 2 }))).toBe(false);
  expect(filterOf('pid == 1 and size > 1M').evaluate(know({ pid: 1 }))).toBeUndefined();
  expect(filterOf('pid == 1 or size > 1M').evaluate(know({ pid: 1 }))).toBe(true);
  expect(filterOf('not (pid == 1 or size > 1M)').evaluate(know({ pid: 2 }))).toBeUndefined();
  expect(filterOf('at > 5 and at < 0x10').constantsOf('at')).toEqual([5n, 16n]);
});

test('the fields of each table are told apart, and their examples are taken', () => {
  for (const { label, fields, example } of FILTERED_TABLES) {
    const names = fields.map((f) => f.name.toLowerCase());
    expect([label, new Set(names).size]).toEqual([label, names.length]);
    expect([label, 'filter' in parseFilter(example, fields as readonly Field<unknown>[])]).toEqual([label, true]);
  }
});

const FACTS = {
  release: '6.18.0',
  levels: 4,
  maxPhysBits: 46,
  encryptionMask: 0n,
  swap: {
    known: true,
    pfnBits: 34,
    hwpoison: 31,
    migration: 28,
    migrations: 3,
    device: 24,
    devices: 4,
    marker: 27,
    swapinError: 0,
  },
  sources: [{ name: 'tableWalk', label: '', ready: true, detail: '', remedy: '' }],
} as unknown as Target;

test('flags are named as the bits of entries are', () => {
  const all = new Set<string>();
  for (const release of ['5.10.0', '6.6.0', '6.18.0'])
    for (const level of [1, 2, 4])
      for (const raw of [
        0x67n,
        0xe7n,
        0x8000000000000067n,
        0x2n << 58n,
        (0x3n << 59n) | 2n,
        ~0x1e7n & ((1n << 52n) - 1n),
      ])
        for (const { name } of flagsOf(raw, level, FACTS, release)) if (!name.startsWith('PKEY')) all.add(name);
  expect([...all].filter((name) => !(name in ENTRY_FLAGS))).toEqual([]);
  expect(Object.keys(ENTRY_FLAGS).filter((name) => !all.has(name) && name !== 'PROTNONE')).toEqual([]);
});

/** A region of 10^10 pages of which 5000 are mapped, and one of 16 that are. */
const BIG = 0x100000000000n;
const SMALL = 0x500012345000n;
const MAPPED = 5000n;
const PAGES = 10_000_000_000n;
const CHECKED = {
  regionBegin: BigUint64Array.of(BIG, SMALL),
  regionEnd: BigUint64Array.of(BIG + pageBytes(PAGES), SMALL + pageBytes(16n)),
};
const REGIONS: Regions = {
  begin: CHECKED.regionBegin,
  end: CHECKED.regionEnd,
  offset: BigUint64Array.of(0n, 0n),
  inode: BigUint64Array.of(0n, 7n),
  permissions: ['rw-p', 'r-xp'],
  path: ['', '/usr/lib/libc.so.6'],
};
function checkRows(list: [va: bigint, pages: bigint, verdict: Verdict][], dropped = 0n): CheckRows {
  return {
    runs: {
      va: BigUint64Array.from(list, ([va]) => va),
      pages: BigUint64Array.from(list, ([, pages]) => pages),
      words: bySource(() => new BigUint64Array(list.length)),
      verdict: Uint8Array.from(list, ([, , verdict]) => VERDICT.code(verdict)),
      note: new Uint8Array(list.length).fill(NOTE.code('none')),
    },
    evidence: [],
    runsDropped: dropped,
    evidenceDropped: 0n,
  };
}
const ROWS = checkRows([
  [BIG + pageBytes(MAPPED), PAGES - MAPPED, 'notPresent'],
  [SMALL + pageBytes(4n), 2n, 'swapped'],
]);

/** Every other mapped page is dirty. */
async function readRows(vas: BigUint64Array): Promise<Rows> {
  const rows = blankRows(vas.length);
  rows.va.set(vas);
  vas.forEach((va, i) => {
    const page = va >> 12n;
    rows.words.tableWalk[i] = ((page << 12n) & 0x3fffff000n) | (page & 1n ? 0x67n : 0x27n);
    rows.pfn[i] = page & 0x3fffffn;
    rows.level[i] = 1;
    rows.shift[i] = 12;
    rows.verdict[i] = VERDICT.code('agree');
  });
  return rows;
}

async function found(text: string, rows = ROWS, most = 1_000_000): Promise<FilterResult & { pages: bigint }> {
  const parsed = parseFilter<FilteredPage>(text, PAGE_FIELDS);
  if ('error' in parsed) throw new Error(parsed.error.message);
  const result = await filterPages({
    filter: parsed.filter,
    stretches: stretchesOf(CHECKED, rows, REGIONS),
    target: FACTS,
    read: readRows,
    most,
    goesOn: () => true,
  });
  if (!result) throw new Error('it was ended');
  return { ...result, pages: result.found.reduce((sum, f) => sum + f.pages, 0n) };
}

test('10^10 pages are filtered by verdict, region and address without reading one', async () => {
  const all = [...stretchesOf(CHECKED, ROWS, REGIONS)];
  expect(all.map((s) => [s.va, s.pages, VERDICT.name(s.verdict ?? -1)])).toEqual([
    [BIG, MAPPED, 'agree'],
    [BIG + pageBytes(MAPPED), PAGES - MAPPED, 'notPresent'],
    [SMALL, 4n, 'agree'],
    [SMALL + pageBytes(4n), 2n, 'swapped'],
    [SMALL + pageBytes(6n), 10n, 'agree'],
  ]);
  const table: [text: string, pages: bigint][] = [
    ['verdict == notPresent', PAGES - MAPPED],
    ['verdict != agree', PAGES - MAPPED + 2n],
    ['verdict == agree', MAPPED + 14n],
    ['rights contains x', 16n],
    ['type == anonymous and verdict == agree', MAPPED],
    [`address >= ${(BIG + pageBytes(7n)).toString(16)} and address < ${(BIG + pageBytes(9n)).toString(16)}`, 2n],
    [`address == ${SMALL.toString(16)}`, 1n],
    ['kind == none', PAGES - MAPPED], // and of what is mapped, none
    ['libc', 16n],
  ];
  for (const [text, pages] of table) {
    const result = await found(text);
    expect([text, result.pages, result.unread]).toEqual([text, pages, 0n]);
    if (!text.startsWith('kind')) expect([text, result.read]).toEqual([text, 0]);
  }
});

test('a run of a check may span regions', () => {
  const middle = BIG + pageBytes(8n);
  const two = {
    regionBegin: BigUint64Array.of(BIG, middle),
    regionEnd: BigUint64Array.of(middle, BIG + pageBytes(16n)),
  };
  const rows = checkRows([
    [BIG + pageBytes(2n), 10n, 'notPresent'],
    [BIG + pageBytes(13n), 1n, 'swapped'],
  ]);
  const stretches = [...stretchesOf(two, rows, REGIONS)];
  expect(stretches.map((s) => [s.va, s.pages, VERDICT.name(s.verdict ?? -1), s.empty])).toEqual([
    [BIG, 2n, 'agree', false],
    [BIG + pageBytes(2n), 6n, 'notPresent', true],
    [middle, 4n, 'notPresent', true],
    [BIG + pageBytes(12n), 1n, 'agree', false],
    [BIG + pageBytes(13n), 1n, 'swapped', false],
    [BIG + pageBytes(14n), 2n, 'agree', false],
  ]);
});

test('what only the pages know is read, of those that the rest leaves open', async () => {
  const dirty = await found('flags has D and name ~ libc');
  expect([dirty.pages, dirty.read]).toEqual([8n, 16]); // of the 16 every other one
  const all = await found('flags has dirty');
  expect([all.pages, all.read]).toEqual([MAPPED / 2n + 8n, Number(MAPPED) + 16]);
  expect(all.found.every((f) => f.pages === 1n)).toBe(true);
  const whole = await found('size == 4K');
  expect(whole.found).toEqual([
    { va: BIG, pages: MAPPED },
    { va: SMALL, pages: 16n },
  ]);
  const pfn = (BIG >> 12n) & 0x3fffffn;
  expect((await found(`pfn == ${(pfn + 3n).toString(16)}`)).found).toEqual([{ va: BIG + pageBytes(3n), pages: 1n }]);
});

test('a filter that would read too much says how much it has not read', async () => {
  const result = await found('flags has D', checkRows([]), 5000);
  expect(result.read).toBe(5000);
  expect(result.unread).toBe(PAGES + 16n - 5000n);
});

test('where a check has dropped runs, its rest is not taken as agreeing', () => {
  const parsed = parseFilter<FilteredPage>('verdict == agree', PAGE_FIELDS);
  if ('error' in parsed) throw new Error(parsed.error.message);
  const [first] = stretchesOf(CHECKED, checkRows([], 1n), REGIONS);
  if (!first) throw new Error('there is no stretch');
  expect(decide(parsed.filter, first)).toBeUndefined();
});
