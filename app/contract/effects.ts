// SPDX-License-Identifier: GPL-2.0-only
// How two states of a page differ, in words, with all causes that fit each difference.
import { hex, kpageFlagNames } from './format.ts';
import {
  ACCESSED,
  DIRTY,
  isWritable,
  mapsFrame,
  NX,
  PAGE_SHIFT,
  pageSizeName,
  SAVED_DIRTY,
  SOFT_DIRTY,
  UFFD_WP,
} from './paging.ts';
import { ENTRY_KIND, NOTE } from './verdicts.ts';
import { isZeroPage, type PageState } from './watch.ts';

/** What may be different; causes.ts has the records that explain each. */
export type EffectKind =
  | 'appeared'
  | 'gone'
  | 'swappedOut'
  | 'swappedIn'
  | 'slotCame'
  | 'slotGone'
  | 'moving'
  | 'moved'
  | 'markerCame'
  | 'markerGone'
  | 'ownFrame'
  | 'frame'
  | 'grew'
  | 'split'
  | 'noAccess'
  | 'access'
  | 'readOnly'
  | 'writable'
  | 'execution'
  | 'accessed'
  | 'written'
  | 'unaccessed'
  | 'clean'
  | 'softDirty'
  | 'softClean'
  | 'uffdProtected'
  | 'uffdLifted'
  | 'sharing'
  | 'other';

export interface Effect {
  readonly kind: EffectKind;
  readonly text: string;
  /** All that can have done this, as far as the two states tell. */
  readonly causes: readonly string[];
}

// Some kernels set KSM for every anonymous page: only that it came says something.
const isKsm = (p: PageState) => p.flags !== undefined && kpageFlagNames(p.flags).includes('ksm');
/** Of a file or of shared memory; undefined: not known. */
const isFile = (p: PageState) =>
  p.flags === undefined || isZeroPage(p) ? undefined : !kpageFlagNames(p.flags).includes('anon');
const isDirty = (p: PageState) => (p.raw & (DIRTY | SAVED_DIRTY)) !== 0n;
const isHuge = (p: PageState) => mapsFrame(p.kind) && p.shift > PAGE_SHIFT;

const MIGRATION = 'migration (compaction, NUMA balancing, move_pages, memory going offline)';
const ANEW = 'unmapping and a new access';
/** A page of a file is found again after unmapping, unless its frame was given up meanwhile. */
const FILE_ANEW = 'reclaim or truncation of the file’s page, and a new access';

/** `other`: where the same frame was mapped or is mapped now, among the watched pages that changed with this one. */
function appeared(to: PageState, other: bigint | undefined): Effect {
  const moved =
    other === undefined ? [] : [`mremap or UFFDIO_MOVE from ${hex(other)}, where the same frame was mapped`];
  const mremap = other === undefined ? ['mremap'] : [];
  const size = pageSizeName(to.shift);
  if (isZeroPage(to))
    return {
      kind: 'appeared',
      text: isHuge(to) ? 'the shared huge zero page was mapped' : 'the shared zero page was mapped',
      causes: [...moved, 'a read', 'MADV_POPULATE_READ', 'UFFDIO_ZEROPAGE', ...mremap],
    };
  if (isFile(to))
    return {
      kind: 'appeared',
      text: 'a frame of a file or of shared memory was mapped',
      causes: [...moved, 'an access to it or near it', 'populating (mlock, mmap, madvise)', 'userfaultfd', ...mremap],
    };
  return {
    kind: 'appeared',
    text: isHuge(to) ? `a ${size} page of its own was mapped` : 'a frame of its own was mapped',
    causes: [
      ...moved,
      'a first access',
      'populating (mlock, mmap, madvise)',
      ...(isHuge(to) ? ['collapse (khugepaged, MADV_COLLAPSE)'] : []),
      'userfaultfd',
      ...mremap,
    ],
  };
}

function gone(from: PageState, other: bigint | undefined): Effect {
  const moved = other === undefined ? [] : [`mremap or UFFDIO_MOVE to ${hex(other)}, where the same frame is mapped`];
  const causes = [
    ...moved,
    'munmap',
    'brk',
    'mmap over it',
    'MADV_DONTNEED',
    ...(other === undefined ? ['mremap'] : []),
    ...(isZeroPage(from)
      ? []
      : isFile(from) === false
        ? ['reclaim after MADV_FREE', 'truncation of the file that it is a private copy of', 'UFFDIO_MOVE']
        : ['truncation or a hole in the file', 'reclaim', 'collapse of the file’s pages']),
  ];
  return { kind: 'gone', text: 'the page was unmapped', causes };
}

/** Between entries of which at most one maps a frame. */
function cameOrWent(from: PageState, to: PageState, other: bigint | undefined): Effect {
  const [was, is] = [mapsFrame(from.kind), mapsFrame(to.kind)];
  const isNothing = (p: PageState) => p.kind === 'none' || p.kind === 'table';
  if (to.kind === 'swap' && from.kind !== 'swap')
    return was || from.kind === 'migration'
      ? { kind: 'swappedOut', text: 'swapped out', causes: ['reclaim', 'MADV_PAGEOUT'] }
      : {
          kind: 'slotCame',
          text: 'swapped, by way of states between the samples',
          causes: ['an access and then reclaim', 'mremap'],
        };
  if (from.kind === 'swap' && !was) {
    if (is) return { kind: 'swappedIn', text: 'read back from swap', causes: ['an access', 'swapoff', 'populating'] };
    if (isNothing(to))
      return {
        kind: 'slotGone',
        text: 'its swap slot was given back',
        causes: ['munmap', 'mmap over it', 'MADV_DONTNEED', 'MADV_FREE', 'truncation', 'mremap'],
      };
    if (to.kind === 'swap')
      return { kind: 'slotCame', text: 'in another swap slot', causes: ['an access, then reclaim'] };
  }
  if (to.kind === 'migration') return { kind: 'moving', text: 'its frame is being moved', causes: [MIGRATION] };
  if (from.kind === 'migration' && is) return { kind: 'moved', text: 'its frame was moved', causes: [MIGRATION] };
  if (to.kind === 'marker')
    return {
      kind: 'markerCame',
      text: `a marker came: ${NOTE.label(to.note)}`,
      causes:
        to.note === 'guardMarker'
          ? ['MADV_GUARD_INSTALL']
          : to.note === 'poisonMarker'
            ? ['UFFDIO_POISON', 'a memory error']
            : ['UFFDIO_WRITEPROTECT', 'unmapping or reclaim of a page that userfaultfd protects'],
    };
  if (from.kind === 'marker' && isNothing(to))
    return {
      kind: 'markerGone',
      text: 'the marker was removed',
      causes: ['MADV_GUARD_REMOVE', 'UFFDIO_WRITEPROTECT', 'munmap', 'mmap over it', 'MADV_DONTNEED'],
    };
  if (is) return appeared(to, other);
  if (isNothing(to)) return was ? gone(from, other) : { kind: 'other', text: 'the entry was cleared', causes: [] };
  return { kind: 'other', text: `it became ${ENTRY_KIND.label(to.kind)}`, causes: [] };
}

/** Between two entries that map different frames. */
function otherFrame(from: PageState, to: PageState): Effect {
  if (isZeroPage(from) && !isZeroPage(to))
    return {
      kind: 'ownFrame',
      text: 'a frame of its own instead of the zero page',
      causes: ['a write', ANEW, 'collapse into a huge page'],
    };
  if (isZeroPage(to))
    return { kind: 'frame', text: 'the zero page instead of its frame', causes: ['unmapping and a read', 'KSM'] };
  const [wasWritable, writable] = [isWritable(from.raw), isWritable(to.raw)];
  const merged = !writable && isFile(to) !== true ? ['a merge with an equal page (KSM)'] : [];
  const unmerged = isKsm(from) ? ['the end of merging (KSM)'] : [];
  const copied =
    from.kind === 'leaf' && !wasWritable && isFile(to) !== true && (writable || isFile(from)) ? ['copy on write'] : [];
  return {
    kind: 'frame',
    text: 'another frame',
    causes: [...copied, ...unmerged, MIGRATION, ...merged, isFile(from) && isFile(to) ? FILE_ANEW : ANEW],
  };
}

function otherSize(from: PageState, to: PageState): Effect {
  if (to.shift > from.shift)
    return {
      kind: 'grew',
      text: `${pageSizeName(from.shift)} pages became one ${pageSizeName(to.shift)} page`,
      causes: ['khugepaged', 'MADV_COLLAPSE', ANEW],
    };
  return {
    kind: 'split',
    text: `the ${pageSizeName(from.shift)} page was split`,
    causes: [
      'mprotect, munmap, mremap or madvise of a part of it',
      'reclaim',
      'migration',
      ...(from.pfn === to.pfn ? [] : ['copy on write', ANEW]),
    ],
  };
}

/** The differences between two entries that map the same frame. */
function* bits(from: PageState, to: PageState): Generator<Effect> {
  if (to.kind === 'protNone' && from.kind !== 'protNone')
    return yield {
      kind: 'noAccess',
      text: 'access was taken away: P is clear and the frame number is stored inverted',
      causes: ['mprotect(PROT_NONE)', 'a NUMA hint'],
    };
  if (from.kind === 'protNone' && to.kind !== 'protNone')
    return yield {
      kind: 'access',
      text: 'access is allowed again',
      causes: ['mprotect', 'an access that met a NUMA hint'],
    };
  const gone = from.raw & ~to.raw;
  const come = to.raw & ~from.raw;
  const protectedNow = come & UFFD_WP;
  const lifted = gone & UFFD_WP;
  if (protectedNow)
    yield {
      kind: 'uffdProtected',
      text: 'write-protected by userfaultfd',
      causes: ['UFFDIO_WRITEPROTECT', 'PAGEMAP_SCAN'],
    };
  else if (isWritable(gone))
    yield {
      kind: 'readOnly',
      text: 'made read-only',
      causes: isFile(to)
        ? ['write-back to the file (msync, fsync, the kernel)', 'mprotect', 'soft-dirty tracking']
        : [
            'fork',
            'mprotect',
            'KSM, which keeps this frame for equal pages',
            'soft-dirty tracking',
            ...(isFile(to) === undefined ? ['write-back to a file'] : []),
          ],
    };
  if (lifted)
    yield {
      kind: 'uffdLifted',
      text: 'write protection by userfaultfd was lifted',
      causes: ['UFFDIO_WRITEPROTECT', 'UFFDIO_UNREGISTER', 'a write'],
    };
  else if (isWritable(come))
    yield {
      kind: 'writable',
      text: 'made writable',
      causes: [isFile(to) ? 'a write' : 'a write to a frame that nothing shares', 'mprotect'],
    };
  if ((gone | come) & NX)
    yield {
      kind: 'execution',
      text: come & NX ? 'no longer executable' : 'made executable',
      causes: ['mprotect'],
    };
  if (come & ACCESSED) yield { kind: 'accessed', text: 'A was set', causes: ['an access'] };
  if (!isDirty(from) && isDirty(to)) yield { kind: 'written', text: 'D was set', causes: ['a write'] };
  if (gone & ACCESSED)
    yield {
      kind: 'unaccessed',
      text: 'A was cleared',
      causes: ['reclaim or DAMON (a look whether it is used)', 'MADV_COLD', 'MADV_PAGEOUT', 'MADV_FREE', 'clear_refs'],
    };
  if (isDirty(from) && !isDirty(to))
    yield {
      kind: 'clean',
      text: 'D was cleared',
      causes:
        isFile(to) === false ? ['MADV_FREE', 'reclaim', 'KSM'] : ['write-back to the file (msync, fsync, the kernel)'],
    };
  if (come & SOFT_DIRTY) yield { kind: 'softDirty', text: 'soft-dirty was set', causes: ['a write', 'mremap'] };
  if (gone & SOFT_DIRTY) yield { kind: 'softClean', text: 'soft-dirty was cleared', causes: ['clear_refs'] };
}

/** What differs between two states of a page, the most important first. */
export function effectsOf(from: PageState, to: PageState, other?: bigint): Effect[] {
  if (!mapsFrame(from.kind) || !mapsFrame(to.kind)) return [cameOrWent(from, to, other)];
  if (from.shift !== to.shift) return [otherSize(from, to)];
  if (from.pfn !== to.pfn) return [otherFrame(from, to)];
  const effects = [...bits(from, to)];
  if (effects.length) return effects;
  return from.raw === to.raw
    ? [
        {
          kind: 'sharing',
          text: 'only pagemap’s flags changed',
          causes: [
            'fork, exit, copy on write or unmapping in another process that maps its frame',
            'soft-dirty tracking',
          ],
        },
      ]
    : [{ kind: 'other', text: 'flags of the entry changed', causes: [] }];
}
