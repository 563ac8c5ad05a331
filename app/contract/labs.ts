// SPDX-License-Identifier: GPL-2.0-only
// Labs: small real programs that run step by step, with a sentence for each step. native/labs/labs.c does the steps.

export interface LabText {
  readonly title: string;
  /** The question that it answers. */
  readonly question: string;
  readonly steps: readonly { readonly title: string; readonly text: string }[];
}

export const LABS = {
  demand: {
    title: 'Demand paging',
    question: 'When does memory that was asked for get a frame?',
    steps: [
      {
        title: 'mmap of one page',
        text: 'The kernel has noted a region, and that is all: the tables hold no entry, and no frame is spent.',
      },
      {
        title: 'The page is read',
        text: 'The CPU faulted. The kernel mapped the one shared page of zeros, read-only: still no frame of its own.',
      },
      {
        title: 'The page is written',
        text: 'Writing to the read-only zero page faulted again. Now the page has a frame of its own, writable and dirty.',
      },
      {
        title: 'MADV_DONTNEED',
        text: 'The frame was given back and the entry is empty; the region is still there, and the next read begins anew.',
      },
    ],
  },
  cow: {
    title: 'Copy on write after fork',
    question: 'What does fork copy?',
    steps: [
      { title: 'A process writes a page', text: 'One process, one frame, writable.' },
      {
        title: 'fork',
        text: 'Only the tables were copied: parent and child have roots of their own, but both entries lead to the same frame, and both have lost their RW bit.',
      },
      {
        title: 'The child writes',
        text: 'The write faulted, and the child got a copy in a frame of its own. The parent’s entry has not changed: still the old frame, still read-only.',
      },
      {
        title: 'The parent writes',
        text: 'Nobody else maps its frame any more, so there was nothing to copy: the kernel just set RW again. (Where something else holds the frame for a moment, it copies all the same.)',
      },
      { title: 'The child exits', text: 'Its tables and its copy are free again; the parent does not notice.' },
    ],
  },
  exec: {
    title: 'exec changes CR3',
    question: 'Why is the CR3 that was taken before exec useless?',
    steps: [
      { title: 'Before exec', text: 'A process with its root and a page.' },
      {
        title: 'After exec',
        text: 'The same PID, the same process to everybody else, but execve built a new address space: another root, other tables, other frames. The old root’s frame may already belong to somebody else.',
      },
    ],
  },
  threads: {
    title: 'Threads share CR3',
    question: 'Does each thread have tables of its own?',
    steps: [
      { title: 'One thread', text: 'A page that was not touched yet.' },
      {
        title: 'A second thread writes the page',
        text: 'Both threads run on one address space: the root is the same, and what one maps, the other has.',
      },
      {
        title: 'fork, for comparison',
        text: 'A child process has a root of its own. It leads to the same frame only until somebody writes.',
      },
    ],
  },
  protnone: {
    title: 'PROT_NONE and L1TF',
    question: 'Where is the frame number of a page that nobody may touch?',
    steps: [
      { title: 'A page with data', text: 'Present and writable.' },
      {
        title: 'mprotect(PROT_NONE)',
        text: 'P is clear, so that the CPU faults. The frame is still this page’s, but its number is stored inverted: a CPU with the L1TF flaw would otherwise look up the address even with P clear, and leak what its cache holds of it.',
      },
      { title: 'mprotect(READ | WRITE)', text: 'The same frame, the right way up again.' },
    ],
  },
  huge: {
    title: 'Huge pages',
    question: 'What is a huge page to the tables?',
    steps: [
      {
        title: '2 MiB are touched',
        text: 'The walk ends one level higher: the PMD entry has PS set and maps 512 frames in a row at once. There is no PTE table.',
      },
      {
        title: 'One page in the middle becomes read-only',
        text: 'One entry can’t have two permissions, so the mapping was split: a PTE table with 512 entries, the same frames as before.',
      },
      {
        title: 'MADV_COLLAPSE',
        text: 'Alike again, they were collapsed into one huge page, usually in other frames.',
      },
    ],
  },
  shared: {
    title: 'Shared memory',
    question: 'How do two processes see the same bytes?',
    steps: [
      { title: 'A shared mapping', text: 'Nothing is mapped before it is touched, as ever.' },
      { title: 'The parent writes', text: 'A frame of the page cache, writable.' },
      {
        title: 'A child reads',
        text: 'Two roots, two entries, one frame. Unlike after a private fork nothing was made read-only on purpose.',
      },
      {
        title: 'The child writes',
        text: 'Still the same frame: what the child wrote is what the parent reads. Nothing was copied.',
      },
    ],
  },
} as const satisfies Record<string, LabText>;

export type LabName = keyof typeof LABS;
export const LAB_NAMES = Object.keys(LABS) as [LabName, ...LabName[]];
