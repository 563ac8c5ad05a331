// SPDX-License-Identifier: GPL-2.0-only
// Text can be read on every ground of the window, also on a row that has just changed, which axe sees only by chance.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

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

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ['bg', 'pane', 'raised', 'select', 'hover', 'fresh'];
const TEXTS = ['text', 'dim', 'zeros', 'accent', 'lit', 't-mismatch'];

test.each([
  ['light', light],
  ['dark', { ...light, ...dark }],
])('%s: text has a contrast of at least 4.5 on every ground', (_, theme) => {
  const poor = GROUNDS.flatMap((ground) =>
    TEXTS.filter((text) => !(contrast(theme[text] ?? '', theme[ground] ?? '') >= 4.5)).map((t) => `${t} on ${ground}`),
  );
  expect(poor).toEqual([]);
});
