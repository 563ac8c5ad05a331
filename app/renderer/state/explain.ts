// SPDX-License-Identifier: GPL-2.0-only
// The entry that is explained, while its dialog is open.
import { create } from 'zustand';
import type { Half } from '../../contract/paging.ts';

interface Entry {
  readonly raw: bigint;
  /** Undefined: the most likely one. */
  readonly level: number | undefined;
  /** The half of the address space that the entry belongs to. */
  readonly half: Half;
}

export const useExplained = create<{ readonly entry?: Entry | undefined }>(() => ({}));

export const explainEntry = (raw: bigint, level?: number, half: Half = 'user'): void =>
  useExplained.setState({ entry: { raw, level, half } });
export const closeExplanation = (): void => useExplained.setState({ entry: undefined });
