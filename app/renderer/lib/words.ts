// SPDX-License-Identifier: GPL-2.0-only
/** A command line as its words: blanks part them, quotes and backslashes keep them. A string says what is wrong. */
export function splitWords(line: string): string[] | string {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string;
    if (c === '\\' && quote !== "'") {
      i++;
      if (i === line.length) return 'a backslash ends the line';
      word = (word ?? '') + line[i];
    } else if (quote) {
      if (c === quote) quote = '';
      else word = (word ?? '') + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (quote) return `a ${quote} is not closed`;
  if (word !== undefined) words.push(word);
  return words;
}
