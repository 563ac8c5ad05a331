// SPDX-License-Identifier: GPL-2.0-only
// The entry that is explained, while its dialog is open.
import { create } from 'zustand';

interface Entry {
  readonly raw: bigint;
  /** Undefined: the likeliest. */
  readonly level?: number;
}

export const useExplained = create<{ readonly entry?: Entry | undefined }>(() => ({}));

export const explainEntry = (raw: bigint, level?: number): void =>
  useExplained.setState({ entry: level === undefined ? { raw } : { raw, level } });
export const closeExplanation = (): void => useExplained.setState({ entry: undefined });
