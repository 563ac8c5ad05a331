// SPDX-License-Identifier: GPL-2.0-only
// Names and paths of processes are text from strangers. Before they are written into a document or to a terminal, everything
// in them that could control it is replaced.
import { hex } from './format.ts';

/** Control characters (C0, C1), and characters that reverse, hide or break text (bidi, zero-width, line separators). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ACTING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const shown = (c: string) => `\\u${hex(c.charCodeAt(0), 4)}`;

/** Text on one line, with every such character shown as its number. */
export const visible = (text: string): string => text.replace(ACTING, shown);

/** The same for text that has lines of its own. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

const entity = (c: string) => `&#${c.charCodeAt(0)};`;
export const inHtml = (text: string): string => visible(text).replace(/[&<>"']/g, entity);
export const inMarkdown = (text: string): string => visible(text).replace(/[\\`*_[\]<>|~&#!$]/g, entity);
/** JSON on one line, with all such characters escaped, also where JSON does not require it. */
export const inJson = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? `0x${hex(v)}` : v)).replace(ACTING, shown);
