// SPDX-License-Identifier: GPL-2.0-only
// The terms of docs/glossary.md, with what each means.
import text from '../../../../docs/glossary.md?raw';

export const GLOSSARY: readonly (readonly [term: string, meaning: string])[] = Array.from(
  text.matchAll(/^\| (?!term |---)(.+?) \| (.+?) \|/gm),
  ([, term = '', meaning = '']) =>
    [term, meaning.replace(/[`*]/g, '').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')] as const,
);

/** The terms that have these letters in them or in their meaning; those that are called so come first. Empty: all. */
export function findTerms(text: string): typeof GLOSSARY {
  const rank = ([term, meaning]: (typeof GLOSSARY)[number]) => {
    const names = term.toLowerCase().split(', ');
    if (names.includes(text)) return 0;
    if (term.toLowerCase().includes(text)) return 1;
    return meaning.toLowerCase().includes(text) ? 2 : 3;
  };
  return GLOSSARY.filter((row) => rank(row) < 3).sort((a, b) => rank(a) - rank(b));
}
