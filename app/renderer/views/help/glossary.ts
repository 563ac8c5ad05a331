// SPDX-License-Identifier: GPL-2.0-only
// The terms of docs/glossary.md, with what each means.
import text from '../../../../docs/glossary.md?raw';

export const GLOSSARY: readonly (readonly [term: string, meaning: string])[] = Array.from(
  text.matchAll(/^\| (?!term |---)(.+?) \| (.+?) \|/gm),
  ([, term = '', meaning = '']) =>
    [term, meaning.replace(/[`*]/g, '').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')] as const,
);
