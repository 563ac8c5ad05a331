// SPDX-License-Identifier: GPL-2.0-only
// What the core says of pages, entries and frames.
import { type ColouredWord, type TintedWord, type UnknownWord, Vocabulary, type Word } from './vocabulary.ts';

interface VerdictWord extends ColouredWord {
  /** CSS colours of its text on a light and on a dark ground. */
  readonly lightText: string;
  readonly darkText: string;
  /** Its words may not be those of the page, so that nothing follows from a difference between two captures. */
  readonly unsure?: true;
}

const verdicts = {
  agree: {
    code: 0,
    label: 'agree',
    meaning: 'All sources name the same frame.',
    light: '#178a60',
    dark: '#3cb387',
    lightText: '#0c5f40',
    darkText: '#6fd6ae',
  },
  agreeByRule: {
    code: 1,
    label: 'agree by rule',
    meaning: 'The raw words differ in a way that a rule of the kernel explains; un-ruled they name the same.',
    light: '#2569cc',
    dark: '#4f8fe6',
    lightText: '#174f9f',
    darkText: '#8fbcfa',
  },
  swapped: {
    code: 2,
    label: 'swapped, agree',
    meaning: 'All sources name the same swap device and offset.',
    light: '#7a4fc0',
    dark: '#9a76d8',
    lightText: '#5a36a0',
    darkText: '#c4a8f2',
  },
  notPresent: {
    code: 3,
    label: 'not present',
    meaning: 'No source has anything here: never touched, or given back.',
    light: '#98a3b0',
    dark: '#47525e',
    lightText: '#505c69',
    darkText: '#9aa7b4',
  },
  changedBetween: {
    code: 4,
    label: 'changed between',
    meaning: 'The page changed while it was read. A race, not a disagreement.',
    light: '#b06f00',
    dark: '#d99f3c',
    lightText: '#7a4b00',
    darkText: '#f0bf6c',
    unsure: true,
  },
  notComparable: {
    code: 5,
    label: 'not comparable',
    meaning: 'The sources could not be compared here; the note says why.',
    light: '#7d6a58',
    dark: '#a08d7c',
    lightText: '#5b4c3e',
    darkText: '#cdbba9',
    unsure: true,
  },
  mismatch: {
    code: 6,
    label: 'MISMATCH',
    meaning: 'The sources disagree, stably, over several re-reads: a bug somewhere. The evidence is kept.',
    light: '#cf2434',
    dark: '#f0505c',
    lightText: '#a3101f',
    darkText: '#ff8d95',
  },
} as const satisfies Record<string, VerdictWord>;
export type Verdict = keyof typeof verdicts;
export const VERDICT = new Vocabulary<Verdict, VerdictWord>('verdict', verdicts);
export const VERDICTS = VERDICT.names;

/** Which rule, reason or cause led to a verdict. */
const notes = {
  none: { code: 0, label: '', meaning: '' },
  protNone: {
    code: 1,
    label: 'PROT_NONE · inverted',
    meaning:
      'The page is mapped PROT_NONE (or holds a NUMA hint): the CPU sees P=0, so Linux keeps the frame number inverted against L1TF. Un-inverted it is the frame that pagemap names.',
  },
  zeroPage: {
    code: 2,
    label: 'zero page',
    meaning: 'Read but never written: every such page of every process maps the one shared zero frame.',
  },
  hugeZeroPage: {
    code: 3,
    label: 'huge zero page',
    meaning: 'A transparent huge page that was read but never written maps the one shared 2 MiB zero page.',
  },
  midSplit: {
    code: 4,
    label: 'huge page, mid-split',
    meaning: 'P is clear while the kernel splits this huge page; PS still marks it present (pmd_present()).',
  },
  migration: {
    code: 5,
    label: 'under migration',
    meaning:
      'The frame is being moved. The entry holds its number as a swap offset, and pagemap reports it as swapped.',
  },
  device: {
    code: 6,
    label: 'device memory',
    meaning: 'The page lives in device-private memory; pagemap reports it as swapped.',
  },
  hwpoison: {
    code: 7,
    label: 'hardware poison',
    meaning: 'The frame had a memory error and was taken away; pagemap reports the entry as swapped.',
  },
  uffdWpMarker: {
    code: 8,
    label: 'marker · uffd-wp',
    meaning: 'A PTE marker remembers userfaultfd write protection. There is no page, though pagemap says swapped.',
  },
  poisonMarker: {
    code: 9,
    label: 'marker · poisoned',
    meaning: 'A PTE marker: access raises SIGBUS. There is no page, though pagemap says swapped.',
  },
  guardMarker: {
    code: 10,
    label: 'marker · guard',
    meaning:
      'A guard region (MADV_GUARD_INSTALL): access raises SIGSEGV. There is no page, though pagemap says swapped.',
  },
  swapinError: { code: 11, label: 'swap-in error', meaning: 'Reading this page back from swap failed.' },
  pfnmap: {
    code: 12,
    label: 'PFNMAP · not in pagemap',
    meaning:
      'The region maps raw frame numbers (VM_PFNMAP); pagemap skips such regions, the entry is there all the same.',
  },
  hugetlbNotPresent: {
    code: 13,
    label: 'hugetlb · not in pagemap',
    meaning: 'pagemap reports nothing for a hugetlb entry that is not present.',
  },
  settled: {
    code: 14,
    label: 'changed while read, settled',
    meaning: 'The first readings differed; a re-read, with pagemap between two equal walks, found them equal.',
  },
  stillChanging: { code: 15, label: 'still changing', meaning: 'The page kept changing over all re-reads.' },
  regionChanged: {
    code: 16,
    label: 'region came or went',
    meaning: 'The region was mapped or unmapped during the check.',
  },
  tableUnreadable: {
    code: 17,
    label: 'table unreadable',
    meaning: 'A page table on the way could not be read, so there is no walk to compare with.',
  },
  processGone: {
    code: 18,
    label: 'process gone',
    meaning: 'The process exited or executed another program during the check.',
  },
  pfnsHidden: {
    code: 19,
    label: 'PFNs hidden',
    meaning: 'pagemap shows no frame numbers to this reader: it takes CAP_SYS_ADMIN in the initial user namespace.',
  },
  oneSource: {
    code: 20,
    label: 'one source only',
    meaning: 'Only one source could be read, so there is nothing to compare it with.',
  },
  outsideRegions: {
    code: 21,
    label: 'outside every region',
    meaning:
      'The tables hold an entry at an address that no region covers. pagemap looks into regions only, so there is nothing to compare. Mostly a region that is just being unmapped: its pages go after it does.',
  },
  differs: {
    code: 22,
    label: 'pagemap and table walk differ',
    meaning: 'Stable over several re-reads while each source agrees with itself.',
  },
  kernelDiffers: {
    code: 23,
    label: 'kernel walk and table walk differ',
    meaning: 'The kernel’s own helpers and cr3scope’s decoding name different things, stably over several re-reads.',
  },
  reservedBits: {
    code: 24,
    label: 'reserved bits set',
    meaning: 'The entry is present with bits set that the processor reserves: using it would fault.',
  },
  notCaptured: {
    code: 25,
    label: 'not in the capture',
    meaning: 'The capture holds the pages of regions that were there when it was made; this is none of them.',
  },
  protNoneZeroPage: {
    code: 26,
    label: 'zero page · PROT_NONE · inverted',
    meaning:
      'The one shared zero page, mapped PROT_NONE (or with a NUMA hint): the CPU sees P=0, and Linux keeps the frame number inverted against L1TF. Un-inverted it is the frame that pagemap names.',
  },
  swapTypeAssumed: {
    code: 27,
    label: 'not present · type not known',
    meaning:
      'The entry is not present: a swapped page, a frame under migration, device memory or a poisoned frame. Which one depends on options of this kernel that could not be found out. All sources name the same type and offset.',
  },
  recordDiffers: {
    code: 28,
    label: 'frame record and table walk differ',
    meaning:
      'What the kernel keeps about the frame that the tables name, or about the region, does not fit: the frame belongs to another place, no region covers the address, or the entry allows more than its region.',
  },
} as const satisfies Record<string, Word>;
export type Note = keyof typeof notes;
export const NOTE = new Vocabulary<Note>('note', notes);
export const NOTES = NOTE.names;

export type VerdictCounts = Record<Verdict, bigint>;

/** The verdicts that counts in contract order are of. A capture of a later version may count more than are known. */
export const countedVerdicts = (counts: ArrayLike<bigint>): (Verdict | UnknownWord)[] =>
  Array.from({ length: Math.max(VERDICTS.length, counts.length) }, (_, i) => VERDICT.name(i));

/** Counts in contract order as an object. */
export function verdictCounts(counts: ArrayLike<bigint>): VerdictCounts {
  return Object.fromEntries(countedVerdicts(counts).map((v, i) => [v, counts[i] ?? 0n])) as VerdictCounts;
}

/** Counts in contract order, added up. */
export function sumCounts(list: readonly ArrayLike<bigint>[]): BigUint64Array<ArrayBuffer> {
  const total = new BigUint64Array(list.reduce((most, { length }) => Math.max(most, length), VERDICTS.length));
  for (const counts of list) for (let v = 0; v < total.length; v++) total[v] = (total[v] ?? 0n) + (counts[v] ?? 0n);
  return total;
}

/** What an entry of a page table is. */
const entryKinds = {
  none: { code: 0, label: 'none', meaning: 'nothing here', tint: '--raised' },
  table: { code: 1, label: 'table', meaning: 'points to the next table', tint: '--accent' },
  leaf: { code: 2, label: 'page', meaning: 'present, maps a page', tint: '--v-agree' },
  protNone: {
    code: 3,
    label: 'PROT_NONE',
    meaning: 'mapped PROT_NONE, or holds a NUMA hint: P is clear and the frame number is inverted',
    tint: '--v-agreeByRule',
  },
  midSplit: {
    code: 4,
    label: 'huge page, mid-split',
    meaning: 'a huge page while the kernel splits it: P is clear, PS still marks it present',
    tint: '--v-agreeByRule',
  },
  swap: { code: 5, label: 'swap', meaning: 'on a swap device', tint: '--v-swapped' },
  migration: {
    code: 6,
    label: 'under migration',
    meaning: 'the frame is being moved',
    tint: '--v-changedBetween',
  },
  device: {
    code: 7,
    label: 'device memory',
    meaning: 'in device-private or device-exclusive memory',
    tint: '--v-changedBetween',
  },
  hwpoison: { code: 8, label: 'hardware poison', meaning: 'the frame had a memory error', tint: '--v-mismatch' },
  marker: { code: 9, label: 'marker', meaning: 'a PTE marker: there is no page', tint: '--v-changedBetween' },
  swapinError: {
    code: 10,
    label: 'swap-in error',
    meaning: 'reading the page back from swap failed (Linux 6.1 only)',
    tint: '--v-swapped',
  },
  reserved: {
    code: 11,
    label: 'reserved bits set',
    meaning: 'present with bits set that the processor reserves: not followed',
    tint: '--v-mismatch',
  },
  presentCleared: {
    code: 12,
    label: 'present bit cleared',
    meaning:
      'not present, not empty and not a swap entry: not mapped. In the kernel half P was cleared and the rest kept (secretmem, debug_pagealloc, KFENCE); in a PGD or P4D Linux has no such entry',
    tint: '--v-notComparable',
  },
} as const satisfies Record<string, TintedWord>;
export type EntryKind = keyof typeof entryKinds;
export const ENTRY_KIND = new Vocabulary<EntryKind, TintedWord>('entry kind', entryKinds);
export const ENTRY_KINDS = ENTRY_KIND.names;

/** Why the bytes of a frame are there, or are not. */
const frameStatus = {
  ok: { code: 0, label: 'readable', meaning: 'readable' },
  notRam: {
    code: 1,
    label: 'not RAM',
    meaning: 'not System RAM: a hole, or a device whose registers a read could disturb',
  },
  offline: { code: 2, label: 'offline', meaning: 'offline: this memory is ballooned away or unplugged' },
  hwpoison: { code: 3, label: 'hardware poison', meaning: 'hardware poison: reading it would raise a machine check' },
  notInDirectMap: {
    code: 4,
    label: 'not in the direct map',
    meaning: 'not in the kernel’s direct map: memfd_secret or another page the kernel has unmapped for itself',
  },
  failed: { code: 5, label: 'failed', meaning: 'the read failed' },
  unaccepted: {
    code: 6,
    label: 'unaccepted',
    meaning: 'free memory of an encrypted guest, which may not have accepted it yet: touching it would be fatal',
  },
  notCaptured: {
    code: 7,
    label: 'not captured',
    meaning: 'not in this capture: bytes of frames are kept only where they were asked for',
  },
  excluded: {
    code: 8,
    label: 'not in the image',
    meaning: 'not in this image: whoever took it left this frame out',
  },
} as const satisfies Record<string, Word>;
export type FrameStatus = keyof typeof frameStatus;
export const FRAME_STATUS = new Vocabulary<FrameStatus>('frame status', frameStatus);
