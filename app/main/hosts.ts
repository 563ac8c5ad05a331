// SPDX-License-Identifier: GPL-2.0-only
// The machines that a window offers to connect to: those of the user's ssh configuration, and those it was connected to last.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const sshConfig = () => join(homedir(), '.ssh', 'config');
const recentFile = () => join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cr3scope', 'hosts');
const MOST_RECENT = 8;

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

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

export const recentHosts = (): string[] => linesOf(recentFile()).filter(Boolean).slice(0, MOST_RECENT);

/** Best effort: it is a convenience. */
export function rememberHost(host: string): void {
  const hosts = [host, ...recentHosts().filter((other) => other !== host)].slice(0, MOST_RECENT);
  try {
    mkdirSync(dirname(recentFile()), { recursive: true });
    writeFileSync(recentFile(), `${hosts.join('\n')}\n`);
  } catch {
    // A home that can't be written to.
  }
}
