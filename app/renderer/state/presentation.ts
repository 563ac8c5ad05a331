// SPDX-License-Identifier: GPL-2.0-only
// The presentation: one view in large type. This browser keeps it until it is left.
import { z } from 'zod';
import { create } from 'zustand';
import { save, saved } from '../lib/saved.ts';

export const usePresentation = create<{ readonly on: boolean }>(() => ({
  on: saved('presentation', z.boolean()) ?? false,
}));

export function present(on: boolean): void {
  usePresentation.setState({ on });
  save('presentation', on);
}
