// SPDX-License-Identifier: GPL-2.0-only
// What the user used last: one line each in a file of their configuration.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const MOST_RECENT = 8;

export function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

export interface Recent {
  /** The last first. */
  list(): string[];
  /** Best effort: it is a convenience. */
  remember(line: string): void;
}

/** `name`: of the file. */
export function recentOf(name: string): Recent {
  const file = () => join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cr3scope', name);
  const list = () => linesOf(file()).filter(Boolean).slice(0, MOST_RECENT);
  return {
    list,
    remember(line) {
      if (line.includes('\n')) return;
      const lines = [line, ...list().filter((other) => other !== line)].slice(0, MOST_RECENT);
      try {
        mkdirSync(dirname(file()), { recursive: true });
        writeFileSync(file(), `${lines.join('\n')}\n`);
      } catch {
        // A home that can't be written to.
      }
    },
  };
}
