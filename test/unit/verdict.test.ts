// SPDX-License-Identifier: GPL-2.0-only
// The judgement of one page, from tables: the words of the sources in, verdict and note out. No kernel is asked.
import { describe, expect, test } from 'vitest';
import { swapTypes } from '../../app/contract/paging.ts';
import { NOTES, VERDICTS } from '../../app/contract/verdicts.ts';
import { testAddon } from '../addon.ts';
import corpus from '../corpus/entries.json' with { type: 'json' };

function factsOf(name: keyof typeof corpus.targets) {
  const t = corpus.targets[name];
  return { ...t, encryptionMask: BigInt(t.encryptionMask), swap: swapTypes(t.levels, t.version, t) };
}

const ZERO_PFN = 0x3b34n;
const present = (pfn: bigint) => (1n << 63n) | pfn;
const swapped = (type: bigint, offset: bigint) => (1n << 62n) | (offset << 5n) | type;
const GUARD = 1n << 58n;
/** CR3SCOPE_KIND_* of kmod/cr3scope.h. */
const KIND = { none: 1n, page: 2n, swap: 3n, migration: 4n, device: 5n, hwpoison: 6n, marker: 7n, error: 8n };
const BAD = 9n << 60n;
const RACED = 10n << 60n;
const NO_REGION = 11n << 60n;
const kernel = (kind: keyof typeof KIND, value = 0n, { size = 0n, type = 0n } = {}) =>
  (KIND[kind] << 60n) | (size << 58n) | (type << 53n) | value;

interface Row {
  /** Of the corpus: target, level and raw word. */
  entry: string;
  pagemap: bigint;
  /** Words of the kernel walk that name the same; 0 (not asked) is tried with every row. */
  kernel?: bigint[];
  page?: number;
  zeroPfn?: bigint;
  huge?: boolean;
  verdict: string;
}

/** Where all sources name the same, or a rule of the kernel says why pagemap does not. */
const AGREE: Row[] = [
  { entry: 'nothing', pagemap: 0n, kernel: [kernel('none'), NO_REGION], verdict: 'notPresent none' },
  { entry: 'nothing', pagemap: 1n << 55n, kernel: [kernel('none')], verdict: 'notPresent none' }, // soft-dirty only
  {
    entry: 'user data 4K',
    pagemap: present(0x117274n),
    kernel: [kernel('page', 0x117274n), NO_REGION],
    verdict: 'agree none',
  },
  { entry: 'user data 4K', pagemap: (0x1cn << 55n) | present(0x117274n), verdict: 'agree none' },
  {
    entry: 'zero page: special, read-only',
    pagemap: present(ZERO_PFN),
    kernel: [kernel('page', ZERO_PFN)],
    verdict: 'agreeByRule zeroPage',
  },
  {
    entry: '2M leaf',
    pagemap: present(0x40200n),
    kernel: [kernel('page', 0x40200n, { size: 1n })],
    verdict: 'agree none',
  },
  {
    entry: '2M leaf',
    page: 511,
    pagemap: present(0x403ffn),
    kernel: [kernel('page', 0x403ffn, { size: 1n })],
    verdict: 'agree none',
  },
  { entry: '2M leaf', huge: true, pagemap: present(0x40200n), verdict: 'agree none' }, // writable: not the zero page
  {
    entry: '1G leaf',
    page: 0x2aaaa,
    pagemap: present(0xaaaaan),
    kernel: [kernel('page', 0xaaaaan, { size: 2n })],
    verdict: 'agree none',
  },
  {
    entry: "PROT_NONE of the design's picture",
    pagemap: present(0x117274n),
    kernel: [kernel('page', 0x117274n)],
    verdict: 'agreeByRule protNone',
  },
  {
    entry: 'PMD with PS but neither P nor PROT_NONE: mid-split',
    pagemap: present(0x40200n),
    kernel: [kernel('page', 0x40200n, { size: 1n })],
    verdict: 'agreeByRule midSplit',
  },
  {
    entry: 'swap with soft-dirty, uffd-wp and exclusive',
    pagemap: swapped(3n, 7n),
    kernel: [kernel('swap', 7n, { type: 3n })],
    verdict: 'swapped none',
  },
  {
    entry: 'swapped huge page',
    page: 5,
    pagemap: swapped(2n, 0x205n),
    kernel: [kernel('swap', 0x205n, { type: 2n })],
    verdict: 'swapped none',
  },
  {
    entry: 'migration write, 6.12',
    pagemap: swapped(26n, 0x117274n),
    kernel: [kernel('migration', 0x117274n, { type: 26n })],
    verdict: 'agreeByRule migration',
  },
  {
    // A and D above the PFN: the raw offset is not the frame number that pagemap reports.
    entry: 'migration read with A and D above the PFN',
    pagemap: swapped(24n, 0x117274n),
    kernel: [kernel('migration', 0x117274n, { type: 24n })],
    verdict: 'agreeByRule migration',
  },
  {
    entry: 'device write, 6.12',
    pagemap: swapped(27n, 0x100n),
    kernel: [kernel('device', 0x100n, { type: 27n })],
    verdict: 'agreeByRule device',
  },
  {
    entry: 'hwpoison, 6.12',
    pagemap: swapped(23n, 0x999n),
    kernel: [kernel('hwpoison', 0x999n, { type: 23n })],
    verdict: 'agreeByRule hwpoison',
  },
  // The kernel's options are not known: the type may stand for anything that pagemap calls swapped.
  {
    entry: 'hwpoison, options not known',
    pagemap: swapped(23n, 0x999n),
    kernel: [kernel('hwpoison', 0x999n, { type: 23n }), kernel('device', 0x999n, { type: 23n })],
    verdict: 'agreeByRule swapTypeAssumed',
  },
  {
    entry: 'device exclusive read, options not known',
    pagemap: swapped(30n, 0x100n),
    kernel: [kernel('hwpoison', 0x100n, { type: 30n }), kernel('swap', 0x100n, { type: 30n })],
    verdict: 'agreeByRule swapTypeAssumed',
  },
  {
    entry: 'marker uffd-wp, 6.12',
    pagemap: swapped(31n, 1n),
    kernel: [kernel('marker', 1n, { type: 31n })],
    verdict: 'agreeByRule uffdWpMarker',
  },
  { entry: 'marker poisoned, 6.12', pagemap: swapped(31n, 2n), verdict: 'agreeByRule poisonMarker' },
  { entry: 'marker guard, 6.12', pagemap: swapped(31n, 4n), verdict: 'agreeByRule guardMarker' },
  { entry: 'marker guard, 6.12', pagemap: GUARD, verdict: 'agreeByRule guardMarker' }, // pagemap's own bit, not swapped
  {
    entry: 'swap-in error, 6.1',
    pagemap: swapped(31n, 0n),
    kernel: [kernel('error', 0n, { type: 31n })],
    verdict: 'agreeByRule swapinError',
  },
];

/** Where pagemap and the table walk name different things, or nothing can be compared. */
const DIFFER: Row[] = [
  { entry: 'nothing', pagemap: present(0x1234n), verdict: 'mismatch differs' },
  { entry: 'nothing', pagemap: swapped(0n, 1n), verdict: 'mismatch differs' },
  { entry: 'user data 4K', pagemap: 0n, verdict: 'mismatch differs' },
  { entry: 'user data 4K', pagemap: present(0x117275n), verdict: 'mismatch differs' },
  { entry: 'user data 4K', pagemap: 0x117274n, verdict: 'mismatch differs' }, // the frame, but not present
  { entry: 'zero page: special, read-only', pagemap: present(0x117274n), verdict: 'mismatch differs' },
  { entry: '2M leaf', page: 511, pagemap: present(0x40200n), verdict: 'mismatch differs' },
  { entry: "PROT_NONE of the design's picture", pagemap: present(0xffffee8d8bn), verdict: 'mismatch differs' },
  { entry: "PROT_NONE of the design's picture", pagemap: 0n, verdict: 'mismatch differs' },
  { entry: 'PMD with PS but neither P nor PROT_NONE: mid-split', pagemap: 0n, verdict: 'mismatch differs' },
  { entry: 'swap with soft-dirty, uffd-wp and exclusive', pagemap: swapped(4n, 7n), verdict: 'mismatch differs' },
  { entry: 'swap with soft-dirty, uffd-wp and exclusive', pagemap: swapped(3n, 8n), verdict: 'mismatch differs' },
  {
    entry: 'swap with soft-dirty, uffd-wp and exclusive',
    pagemap: (1n << 63n) | swapped(3n, 7n),
    verdict: 'mismatch differs',
  },
  { entry: 'swapped huge page', page: 5, pagemap: swapped(2n, 0x200n), verdict: 'mismatch differs' },
  { entry: 'migration write, 6.12', pagemap: swapped(26n, 0x117275n), verdict: 'mismatch differs' },
  {
    entry: 'migration read with A and D above the PFN',
    pagemap: swapped(24n, 0xc00117274n),
    verdict: 'mismatch differs',
  },
  { entry: 'device write, 6.12', pagemap: 0n, verdict: 'mismatch differs' },
  { entry: 'hwpoison, 6.12', pagemap: present(0x999n), verdict: 'mismatch differs' },
  { entry: 'hwpoison, options not known', pagemap: swapped(24n, 0x999n), verdict: 'mismatch differs' },
  { entry: 'hwpoison, options not known', pagemap: swapped(23n, 0x998n), verdict: 'mismatch differs' },
  { entry: 'marker uffd-wp, 6.12', pagemap: GUARD, verdict: 'mismatch differs' },
  { entry: 'marker guard, 6.12', pagemap: GUARD | present(0x1234n), verdict: 'mismatch differs' },
  { entry: 'marker poisoned, 6.12', pagemap: swapped(31n, 3n), verdict: 'mismatch differs' },
  { entry: 'swap-in error, 6.1', pagemap: swapped(30n, 0n), verdict: 'mismatch differs' },
  { entry: '2M leaf with reserved bit 13', pagemap: present(0x40200n), verdict: 'mismatch reservedBits' },
  { entry: 'PMD to a PTE table', pagemap: present(0x76762n), verdict: 'notComparable tableUnreadable' },
  { entry: 'user data 4K', pagemap: present(0n), zeroPfn: 0n, verdict: 'notComparable pfnsHidden' },
  { entry: 'user data 4K', pagemap: present(0n), verdict: 'mismatch differs' }, // PFNs are shown, and this one is 0
];

function judged(row: Row, kernelWord: bigint) {
  const found = corpus.entries.find((e) => e.name === row.entry);
  if (!found) throw new Error(`the corpus has no entry "${row.entry}"`);
  const { verdict, note } = testAddon.judge(
    { pagemap: row.pagemap, tableWalk: BigInt(found.raw), kernelWalk: kernelWord },
    found.level,
    row.page ?? 0,
    factsOf(found.target as keyof typeof corpus.targets),
    row.zeroPfn ?? ZERO_PFN,
    row.huge ?? false,
  );
  return `${VERDICTS[verdict]} ${NOTES[note]}`;
}

const named = (row: Row) => [`${row.entry}, pagemap 0x${row.pagemap.toString(16)}`, row] as const;

describe('pagemap and the table walk', () => {
  test.each(AGREE.map(named))('%s', (_, row) => expect(judged(row, 0n)).toBe(row.verdict));
  test.each(DIFFER.map(named))('%s', (_, row) => expect(judged(row, 0n)).toBe(row.verdict));
});

describe('with the kernel walk', () => {
  const asked = AGREE.filter((row) => row.kernel);
  test.each(asked.map(named))('%s', (_, row) => {
    for (const word of row.kernel as bigint[]) expect(judged(row, word)).toBe(row.verdict);
  });
  test.each(asked.map(named))('%s: any other word of the kernel is a mismatch', (_, row) => {
    const [same] = row.kernel as [bigint];
    // Another kind, another value, and what the kernel cannot tell.
    for (const other of [same + (1n << 60n), same ^ 1n, BAD, RACED]) {
      // A hole has no value, a failed swap-in none that counts.
      if (other === (same ^ 1n) && (same >> 60n === KIND.none || same >> 60n === KIND.error)) continue;
      expect(judged(row, other)).toBe('mismatch kernelDiffers');
    }
  });
  test('a leaf of another size is a mismatch', () => {
    const row = { entry: '2M leaf', pagemap: present(0x40200n), verdict: '' };
    for (const size of [0n, 2n]) expect(judged(row, kernel('page', 0x40200n, { size }))).toBe('mismatch kernelDiffers');
  });
  test('a swap type that differs is a mismatch', () => {
    const row = { entry: 'hwpoison, 6.12', pagemap: swapped(23n, 0x999n), verdict: '' };
    expect(judged(row, kernel('hwpoison', 0x999n, { type: 22n }))).toBe('mismatch kernelDiffers');
  });
  test('reserved bits are the mismatch that is named, whatever the kernel makes of them', () => {
    const row = { entry: '2M leaf with reserved bit 13', pagemap: 0n, verdict: '' };
    for (const word of [BAD, kernel('page', 0x40202n, { size: 1n }), kernel('none')])
      expect(judged(row, word)).toBe('mismatch reservedBits');
  });
});

test('a read-only 2 MiB leaf whose frame is flagged is the huge zero page', () => {
  const facts = factsOf('6.12');
  const readOnly = 0x80000000402000a5n;
  const judge = (huge: boolean, page = 0) => {
    const pagemap = present(0x40200n + BigInt(page));
    const { verdict, note } = testAddon.judge({ pagemap, tableWalk: readOnly }, 2, page, facts, ZERO_PFN, huge);
    return `${VERDICTS[verdict]} ${NOTES[note]}`;
  };
  expect(judge(true)).toBe('agreeByRule hugeZeroPage');
  expect(judge(true, 511)).toBe('agreeByRule hugeZeroPage');
  expect(judge(false)).toBe('agree none');
});

test('a zero page that is PROT_NONE is still called the zero page', () => {
  const facts = factsOf('6.12');
  const judge = (pfn: bigint, raw: bigint, level: number, huge: boolean) => {
    const { verdict, note } = testAddon.judge(
      { pagemap: present(pfn), tableWalk: raw },
      level,
      0,
      facts,
      ZERO_PFN,
      huge,
    );
    return `${VERDICTS[verdict]} ${NOTES[note]}`;
  };
  const inverted = (pfn: bigint) => 0x8000000000000120n | ((~pfn & 0xffffffffffn) << 12n);
  expect(judge(ZERO_PFN, inverted(ZERO_PFN), 1, false)).toBe('agreeByRule protNoneZeroPage');
  expect(judge(0x117274n, inverted(0x117274n), 1, false)).toBe('agreeByRule protNone');
  const huge = 0x800fffffbfc001a0n; // PROT_NONE 2M of frame 40200
  expect(judge(0x40200n, huge, 2, true)).toBe('agreeByRule protNoneZeroPage');
  expect(judge(0x40200n, huge, 2, false)).toBe('agreeByRule protNone');
});

test('what pagemap leaves out of a region is told by its flags', () => {
  const facts = factsOf('6.12');
  const note = (raw: bigint, level: number, flags: string) =>
    NOTES[testAddon.leftOutByPagemap(raw, level, facts, flags)];
  const leaf = 0x8000000117274067n;
  const swappedHuge = 0x17fffffffffbfe00n;
  expect(note(leaf, 1, ' rd wr sh pf io dd ')).toBe('pfnmap');
  expect(note(leaf, 1, ' rd wr mr mw me ac ')).toBe('none');
  expect(note(leaf, 1, ' rd wr mr mw me ht ')).toBe('none'); // pagemap does report a present hugetlb page
  expect(note(swappedHuge, 2, ' rd wr mr mw me ht ')).toBe('hugetlbNotPresent');
  expect(note(swappedHuge, 2, ' rd wr mr mw me ac ')).toBe('none');
  expect(note(swappedHuge, 2, ' ')).toBe('none'); // the region is gone
});
