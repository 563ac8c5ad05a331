// SPDX-License-Identifier: GPL-2.0-only
// How the list of processes is shown. This browser keeps it.
import { z } from 'zod';
import { create } from 'zustand';
import { save, saved } from '../lib/saved.ts';

const Shown = z.object({
  /** Below their parents. */
  tree: z.boolean(),
  /** Whether it changes by itself as processes come and go. */
  follow: z.boolean(),
});

export const useProcessList = create<z.infer<typeof Shown>>(
  () => saved('processList', Shown) ?? { tree: false, follow: true },
);
useProcessList.subscribe((shown) => save('processList', shown));
