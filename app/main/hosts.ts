// SPDX-License-Identifier: GPL-2.0-only
// The machines that a window offers to connect to: those of the user's ssh configuration, and those it was connected to last.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { linesOf, recentOf } from './recent.ts';

const sshConfig = () => join(homedir(), '.ssh', 'config');

export const recentHosts = recentOf('hosts');

/** The names in "Host" lines of ssh_config(5) that stand for one machine. Included files are not read. */
export function hostsIn(lines: readonly string[]): string[] {
  const names = lines.flatMap((line) => {
    const [, rest = ''] = /^\s*host(?:\s*=\s*|\s+)(.*)$/i.exec(line) ?? [];
    return rest.replace(/\s#.*$/, '').split(/\s+/);
  });
  const plain = names.map((name) => name.replaceAll('"', '')).filter((name) => /^\w[\w.:-]*$/.test(name));
  return [...new Set(plain)];
}

export const configuredHosts = (): string[] => hostsIn(linesOf(sshConfig()));
