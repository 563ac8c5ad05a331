// SPDX-License-Identifier: GPL-2.0-only
// Text can be read on every ground of the window, also on a row that has just changed, which axe sees only by chance.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MOST_SERIES, seriesToken } from '../../app/renderer/lib/series.ts';

const styles = ['tokens', 'vocabulary'].map((name) => readFileSync(`app/renderer/styles/${name}.css`, 'utf8')).join('');
/** The colours that the theme with this selector sets. */
const colours = (selector: string) =>
  Object.fromEntries(
    [...styles.matchAll(/^(:root\S*) \{([^}]*)\}/gm)]
      .filter(([, root]) => root === selector)
      .flatMap(([, , block = '']) => [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)])
      .map(([, name, colour]) => [name, colour]),
  ) as Record<string, string>;
const [light, dark] = [colours(':root'), colours(":root[data-theme='dark']")];

/** Red, green and blue, in proportion to the light. */
const linear = (colour: string): number[] =>
  [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = linear(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** https://bottosson.github.io/posts/oklab: how a colour looks, with a distance of about 0.02 where two can just be told apart. */
function lab(colour: string): number[] {
  const [r = 0, g = 0, b = 0] = linear(colour);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (a: string, b: string) => Math.hypot(...lab(a).map((x, i) => x - (lab(b)[i] as number)));

const GROUNDS = ['bg', 'pane', 'raised', 'select', 'hover', 'fresh'];
const TEXTS = ['text', 'dim', 'zeros', 'accent', 'lit', 't-mismatch'];

const THEMES = [
  ['light', light],
  ['dark', { ...light, ...dark }],
] as const;

test.each(THEMES)('%s: text has a contrast of at least 4.5 on every ground', (_, theme) => {
  const poor = GROUNDS.flatMap((ground) =>
    TEXTS.filter((text) => !(contrast(theme[text] ?? '', theme[ground] ?? '') >= 4.5)).map((t) => `${t} on ${ground}`),
  );
  expect(poor).toEqual([]);
});

test.each(THEMES)('%s: the colours of a series stand out from the ground, and no two look alike', (_, theme) => {
  const names = [...Array.from({ length: MOST_SERIES }, (_, i) => i), undefined].map(seriesToken);
  const series = names.map((name) => theme[name.slice(2)] ?? '');
  expect(series).not.toContain('');
  // WCAG 2.2 asks 3 of what is not text.
  expect(series.filter((colour) => contrast(colour, theme.pane ?? '') < 3)).toEqual([]);
  expect(series.filter((a, i) => series.some((b, j) => j < i && distance(a, b) < 0.1))).toEqual([]);
});
