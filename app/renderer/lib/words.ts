// SPDX-License-Identifier: GPL-2.0-only
/** Splits a command line into words at blanks, except in quotes or after a backslash. Returns an error message as a string. */
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
