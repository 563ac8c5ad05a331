// SPDX-License-Identifier: GPL-2.0-only
// What a start of the desktop is to show: a shell, a file manager or the handler of links has put it on the command line.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { isLink, parseLink } from '../contract/link.ts';
import { Failed } from './sources/failed.ts';

/** The paths of captures, and a place on this machine. A start without both is one to see this machine. */
export const Wanted = z.object({ captures: z.array(z.string()), link: z.string().optional() });
export type Wanted = z.infer<typeof Wanted>;

/** A file manager may name a file by its URL. */
function pathOf(word: string, directory: string): string {
  if (!word.startsWith('file:')) return resolve(directory, word);
  try {
    return fileURLToPath(word);
  } catch (error) {
    throw new Failed(
      `${word} names no file here: ${(error as Error).message}`,
      'Give the path of a capture.',
      'EINVAL',
    );
  }
}

/**
 * `words` are those after the program, and `directory` is where they were written. Options are Chromium's. Throws Failed for a
 * link that leads nowhere.
 */
export function wantedBy(words: readonly string[], directory: string): Wanted {
  const wanted: Wanted = { captures: [] };
  for (const word of words) {
    if (word === '' || word.startsWith('-')) continue;
    if (!isLink(word)) wanted.captures.push(pathOf(word, directory));
    else if (parseLink(word)) wanted.link = word;
    else
      throw new Failed(
        `${word} is not a link to a place`,
        'Copy the link again, or give the path of a capture.',
        'EINVAL',
      );
  }
  return wanted;
}
