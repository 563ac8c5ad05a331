// SPDX-License-Identifier: GPL-2.0-only
// The tour of the window. It is offered once; the help starts it again.
import { z } from 'zod';
import { create } from 'zustand';
import { save, saved } from '../lib/saved.ts';
import { present } from './presentation.ts';
import { show } from './view.ts';

interface Step {
  readonly title: string;
  readonly text: string;
  /** CSS selector of the part of the window that it is about. */
  readonly part: string;
}

export const STEPS: readonly Step[] = [
  {
    title: 'Choose a process',
    text: 'The list has every process with the physical address of its root page table. Choose one, and its whole address space is checked.',
    part: '[aria-label="Processes"]',
  },
  {
    title: 'See what each page is',
    text: 'The map and the tables show a verdict for each page: whether the sources agree where it lies. Press a verdict to see only its pages.',
    part: '[aria-label="Address space"]',
  },
  {
    title: 'Follow the walk',
    text: 'The inspector shows how the CPU finds the frame of the chosen page, level by level. Its other tabs say what the frame is, who maps it, and what its bytes mean.',
    part: '.inspector',
  },
  {
    title: 'Go anywhere',
    text: 'The box takes what you paste: a PID, a name, an address, a frame number, a raw entry. It also takes views and commands. Ctrl K leads to it.',
    part: '.query',
  },
  {
    title: 'Find the rest',
    text: 'The menu has everything that the window can do, with the keys. Labs are small real programs, step by step. The help has a glossary, and this tour.',
    part: '[aria-label="Menu"]',
  },
];

interface TourState {
  /** Index into STEPS; undefined: it does not run. */
  readonly step?: number | undefined;
  /** Whether it is to be offered. */
  readonly offered: boolean;
}

export const useTour = create<TourState>(() => ({ offered: saved('tour', z.literal('known')) === undefined }));

/** It is not offered again. */
export function dismissTour(): void {
  save('tour', 'known');
  useTour.setState({ offered: false });
}

export function startTour(): void {
  dismissTour();
  present(false);
  show('space');
  useTour.setState({ step: 0 });
}

export const goToStep = (step: number): void => useTour.setState({ step: STEPS[step] ? step : undefined });
export const endTour = (): void => useTour.setState({ step: undefined });
