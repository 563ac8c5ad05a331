// SPDX-License-Identifier: GPL-2.0-only
// What the desktop asks before it starts a program for its page. The page may be controlled by an attacker. So the question
// shows everything that decides what runs, completely and as plain text.
import { userInfo } from 'node:os';
import type { Args } from '../contract/api.ts';
import { visible } from '../contract/inert.ts';
import { Failed } from './sources/failed.ts';

/** Characters that fit into a question. */
const MOST_SHOWN = 2000;

/** A word as a shell would need it. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${visible(word).replaceAll("'", "'\\''")}'`);

export function launchQuestion(wanted: Args<'startTrace'>): { message: string; detail: string } {
  const detail = [
    wanted.arguments.map(quoted).join(' '),
    '',
    `As user: ${quoted(wanted.user || userInfo().username)}`,
    `In directory: ${quoted(wanted.directory || process.cwd())}`,
    ...wanted.environment.map((entry) => `With ${quoted(entry)}`),
  ].join('\n');
  if (detail.length > MOST_SHOWN)
    throw new Failed(
      'this command is too long to be shown in a question',
      'Start it with `cr3scope trace` in a terminal.',
      'E2BIG',
    );
  return { message: 'Start this program to trace it?', detail };
}
