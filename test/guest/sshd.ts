// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest: sshd beside the fixture of every kind of page, until a line comes. `sshd.ts PORT CONFIG`
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startFixture } from '../fixture.ts';
import setUp from '../setup.ts';

/** What it says. */
export interface Reachable {
  pid: number;
  /** Addresses of the fixture's cases by name, in hex. */
  cases: Record<string, string>;
}

const [port = '', config = ''] = process.argv.slice(2);

setUp();
const fixture = await startFixture('page-kinds', ['/tmp']);
mkdirSync('/run/sshd', { recursive: true });
// A key lets root in unless the account is locked, as it may be on the host whose files these are.
execFileSync('usermod', ['-p', '*', 'root']);
const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-p', port, '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
await new Promise<void>((ok) =>
  createInterface({ input: child.stderr }).on('line', (line) => {
    process.stdout.write(`sshd: ${line}\n`);
    if (line.startsWith('Server listening')) ok();
  }),
);
const cases = Object.fromEntries(fixture.cases.map((c) => [c.name, c.va.toString(16)]));
const reachable: Reachable = { pid: fixture.pid, cases };
process.stdout.write(`===window ${JSON.stringify(reachable)}\n`);
await new Promise((ok) => createInterface({ input: process.stdin }).once('line', ok));
child.kill('SIGTERM');
await fixture.stop();
process.exit(0);
