// Verdicts and the notes behind them, in the order of native/core/check.h.

export const VERDICTS = [
  'agree',
  'agreeByRule',
  'swapped',
  'notPresent',
  'changedBetween',
  'notComparable',
  'mismatch',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Words for people; the same in the window, the command line and reports. */
export const VERDICT_LABEL: Readonly<Record<Verdict, string>> = {
  agree: 'agree',
  agreeByRule: 'agree by rule',
  swapped: 'swapped, agree',
  notPresent: 'not present',
  changedBetween: 'changed between',
  notComparable: 'not comparable',
  mismatch: 'MISMATCH',
};

export const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  agree: 'All sources name the same frame.',
  agreeByRule: 'The raw words differ in a way that a rule of the kernel explains; un-ruled they name the same.',
  swapped: 'All sources name the same swap device and offset.',
  notPresent: 'No source has anything here: never touched, or given back.',
  changedBetween: 'The page changed while it was read. A race, not a disagreement.',
  notComparable: 'The sources could not be compared here; the note says why.',
  mismatch: 'The sources disagree, stably, over several re-reads: a bug somewhere. The evidence is kept.',
};

export const NOTES = [
  'none',
  'protNone',
  'zeroPage',
  'hugeZeroPage',
  'midSplit',
  'migration',
  'device',
  'hwpoison',
  'uffdWpMarker',
  'poisonMarker',
  'guardMarker',
  'swapinError',
  'pfnmap',
  'hugetlbNotPresent',
  'settled',
  'stillChanging',
  'regionChanged',
  'tableUnreadable',
  'processGone',
  'pfnsHidden',
  'oneSource',
  'outsideRegions',
  'differs',
  'kernelDiffers',
  'reservedBits',
  'notCaptured',
] as const;
export type Note = (typeof NOTES)[number];

/** One line for a table cell, and a sentence that explains it. */
export const NOTE_TEXT: Readonly<Record<Note, { label: string; why: string }>> = {
  none: { label: '', why: '' },
  protNone: {
    label: 'PROT_NONE · inverted',
    why: 'The page is mapped PROT_NONE (or holds a NUMA hint): the CPU sees P=0, so Linux keeps the frame number inverted against L1TF. Un-inverted it is the frame that pagemap names.',
  },
  zeroPage: {
    label: 'zero page',
    why: 'Read but never written: every such page of every process maps the one shared zero frame.',
  },
  hugeZeroPage: {
    label: 'huge zero page',
    why: 'A transparent huge page that was read but never written maps the one shared 2 MiB zero page.',
  },
  midSplit: {
    label: 'huge page, mid-split',
    why: 'P is clear while the kernel splits this huge page; PS still marks it present (pmd_present()).',
  },
  migration: {
    label: 'under migration',
    why: 'The frame is being moved. The entry holds its number as a swap offset, and pagemap reports it as swapped.',
  },
  device: { label: 'device memory', why: 'The page lives in device-private memory; pagemap reports it as swapped.' },
  hwpoison: {
    label: 'hardware poison',
    why: 'The frame had a memory error and was taken away; pagemap reports the entry as swapped.',
  },
  uffdWpMarker: {
    label: 'marker · uffd-wp',
    why: 'A PTE marker remembers userfaultfd write protection. There is no page, though pagemap says swapped.',
  },
  poisonMarker: {
    label: 'marker · poisoned',
    why: 'A PTE marker: access raises SIGBUS. There is no page, though pagemap says swapped.',
  },
  guardMarker: {
    label: 'marker · guard',
    why: 'A guard region (MADV_GUARD_INSTALL): access raises SIGSEGV. There is no page, though pagemap says swapped.',
  },
  swapinError: { label: 'swap-in error', why: 'Reading this page back from swap failed.' },
  pfnmap: {
    label: 'PFNMAP · not in pagemap',
    why: 'The region maps raw frame numbers (VM_PFNMAP); pagemap skips such regions, the entry is there all the same.',
  },
  hugetlbNotPresent: {
    label: 'hugetlb · not in pagemap',
    why: 'pagemap reports nothing for a hugetlb entry that is not present.',
  },
  settled: {
    label: 'changed while read, settled',
    why: 'The first readings differed; a re-read, with pagemap between two equal walks, found them equal.',
  },
  stillChanging: { label: 'still changing', why: 'The page kept changing over all re-reads.' },
  regionChanged: { label: 'region came or went', why: 'The region was mapped or unmapped during the check.' },
  tableUnreadable: {
    label: 'table unreadable',
    why: 'A page table on the way could not be read, so there is no walk to compare with.',
  },
  processGone: {
    label: 'process gone',
    why: 'The process exited or executed another program during the check.',
  },
  pfnsHidden: {
    label: 'PFNs hidden',
    why: 'pagemap shows no frame numbers to this reader: it takes CAP_SYS_ADMIN in the initial user namespace.',
  },
  oneSource: { label: 'one source only', why: 'Only pagemap could be read, so there is nothing to compare it with.' },
  outsideRegions: {
    label: 'outside every region',
    why: 'The tables hold an entry at an address that no region covers. pagemap looks into regions only, so there is nothing to compare. Mostly a region that is just being unmapped: its pages go after it does.',
  },
  differs: {
    label: 'pagemap and table walk differ',
    why: 'Stable over several re-reads while each source agrees with itself.',
  },
  kernelDiffers: {
    label: 'kernel walk and table walk differ',
    why: 'The kernel’s own helpers and cr3scope’s decoding name different things, stably over several re-reads.',
  },
  reservedBits: {
    label: 'reserved bits set',
    why: 'The entry is present with bits set that the processor reserves: using it would fault.',
  },
  notCaptured: {
    label: 'not in the capture',
    why: 'The capture holds the pages of regions that were there when it was made; this is none of them.',
  },
};

export type VerdictCounts = Record<Verdict, bigint>;

/** Counts in contract order as an object. */
export function verdictCounts(counts: ArrayLike<bigint>): VerdictCounts {
  return Object.fromEntries(VERDICTS.map((v, i) => [v, counts[i] ?? 0n])) as VerdictCounts;
}

/** Counts in contract order, added up. */
export function sumCounts(list: Iterable<ArrayLike<bigint>>): BigUint64Array<ArrayBuffer> {
  const total = new BigUint64Array(VERDICTS.length);
  for (const counts of list) for (let v = 0; v < total.length; v++) total[v] = (total[v] ?? 0n) + (counts[v] ?? 0n);
  return total;
}

export const ENTRY_KINDS = [
  'none',
  'table',
  'leaf',
  'protNone',
  'midSplit',
  'swap',
  'migration',
  'device',
  'hwpoison',
  'marker',
  'swapinError',
  'reserved',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const FRAME_STATUS = [
  'ok',
  'notRam',
  'offline',
  'hwpoison',
  'notInDirectMap',
  'failed',
  'unaccepted',
  'notCaptured',
] as const;
export type FrameStatus = (typeof FRAME_STATUS)[number];

export const FRAME_STATUS_TEXT: Readonly<Record<FrameStatus, string>> = {
  ok: 'readable',
  notRam: 'not System RAM: a hole, or a device whose registers a read could disturb',
  offline: 'offline: this memory is ballooned away or unplugged',
  hwpoison: 'hardware poison: reading it would raise a machine check',
  notInDirectMap: "not in the kernel's direct map: memfd_secret or another page the kernel has unmapped for itself",
  failed: 'the read failed',
  unaccepted: 'free memory of an encrypted guest, which may not have accepted it yet: touching it would be fatal',
  notCaptured: 'not in this capture: bytes of frames are kept only where they were asked for',
};
