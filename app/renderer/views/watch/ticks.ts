// SPDX-License-Identifier: GPL-2.0-only
const MOST_TICKS = 8;
const STEPS = [1, 2, 5];

/** Round times from 0 on, for an axis of some seconds. `share` is that of the whole axis. */
export function ticksOf(seconds: number): { readonly share: number; readonly text: string }[] {
  if (!(seconds > 0)) return [];
  let step = 0;
  for (let power = -3; step === 0; power++)
    step = STEPS.map((n) => n * 10 ** power).find((size) => seconds / size <= MOST_TICKS) ?? 0;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => ({
    share: (i * step) / seconds,
    text: (i * step).toFixed(digits),
  }));
}
