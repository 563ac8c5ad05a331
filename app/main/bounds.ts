// SPDX-License-Identifier: GPL-2.0-only
// The size and place of the window, kept from one start to the next. What is kept but makes no sense here is ignored.
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const pixels = z.number().int().min(-100_000).max(100_000);
const Kept = z.object({
  x: pixels,
  y: pixels,
  width: pixels.positive(),
  height: pixels.positive(),
  maximized: z.boolean(),
});
export type Kept = z.infer<typeof Kept>;

/** Whether enough of a window is on a screen to take hold of it. */
const isOn = (window: Area, screen: Area): boolean =>
  Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x) >= 100 &&
  window.y >= screen.y - 10 &&
  window.y < screen.y + screen.height - 50;

/** `screens`: those that are there now. Undefined if nothing is kept that fits them. */
export function keptBounds(path: string, screens: readonly Area[]): Kept | undefined {
  try {
    const kept = Kept.parse(JSON.parse(readFileSync(path, 'utf8')));
    return screens.some((screen) => isOn(kept, screen)) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: it is a convenience. */
export function keepBounds(path: string, bounds: Kept): void {
  try {
    writeFileSync(path, JSON.stringify(bounds));
  } catch {
    // A profile that can't be written to.
  }
}
