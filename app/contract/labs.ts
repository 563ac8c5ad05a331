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
    question: 'When does requested memory get a frame?',
    steps: [
      {
        title: 'mmap of one page',
        text: 'The kernel has only added a region: the tables hold no entry, and no frame is used.',
      },
      {
        title: 'The page is read',
        text: 'The CPU faulted. The kernel mapped the one shared page of zeros, read-only: still no frame of its own. (A kernel with pvm_no_zero_page=1 gives it a frame of its own at once.)',
      },
      {
        title: 'The page is written',
        text: 'Writing to the read-only zero page faulted again. Now the page has a frame of its own, writable and dirty.',
      },
      {
        title: 'MADV_DONTNEED',
        text: 'The frame was freed and the entry is empty. The region is still there, and the next read faults again.',
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
        text: 'Nobody else maps its frame any more, so there was nothing to copy: the kernel just set RW again. (If something else holds the frame at that moment, the kernel copies it anyway.)',
      },
      { title: 'The child exits', text: 'Its tables and its copy are free again. Nothing changes for the parent.' },
    ],
  },
  exec: {
    title: 'exec changes CR3',
    question: 'Why is the CR3 that was taken before exec useless?',
    steps: [
      { title: 'Before exec', text: 'A process with its root and a page.' },
      {
        title: 'After exec',
        text: 'The PID is the same, but execve built a new address space with another root, other tables and other frames. The frame of the old root may already be in use for something else.',
      },
    ],
  },
  threads: {
    title: 'Threads share CR3',
    question: 'Does each thread have tables of its own?',
    steps: [
      { title: 'One thread', text: 'A page that has not been touched yet.' },
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
        text: 'P is clear, so that the CPU faults. The frame is still this page’s, but its number is stored inverted: a CPU with the L1TF flaw would otherwise use the address even with P clear, and leak what its cache holds for it.',
      },
      { title: 'mprotect(READ | WRITE)', text: 'The same frame, with its number no longer inverted.' },
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
        text: 'All pages have the same permissions again. The kernel collapsed them into one huge page, usually in other frames.',
      },
    ],
  },
  shared: {
    title: 'Shared memory',
    question: 'How do two processes see the same bytes?',
    steps: [
      { title: 'A shared mapping', text: 'As always, nothing is mapped before it is touched.' },
      { title: 'The parent writes', text: 'A frame of the page cache, writable.' },
      {
        title: 'A child reads',
        text: 'Two roots, two entries, one frame. Unlike a private page after fork, nothing was made read-only for copy on write.',
      },
      {
        title: 'The child writes',
        text: 'Still the same frame: the parent reads what the child wrote. Nothing was copied.',
      },
    ],
  },
} as const satisfies Record<string, LabText>;

export type LabName = keyof typeof LABS;
export const LAB_NAMES = Object.keys(LABS) as [LabName, ...LabName[]];
