// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest: `cr3scope serve` beside the fixture of every kind of page, reachable from the host, until a line comes.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { startFixture } from '../fixture.ts';
import setUp from '../setup.ts';

/** What it says. */
export interface Served {
  url: string;
  pid: number;
  /** Addresses of the fixture's cases by name, in hex. */
  cases: Record<string, string>;
}

const GUEST_ADDRESS = '10.0.2.15'; // of QEMU's user network
const port = Number(process.argv[2]);

setUp();
const fixture = await startFixture('page-kinds', ['/tmp']);
const child = spawn(process.execPath, ['out/main/cli.cjs', 'serve', '--json', '--port', String(port)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const line = await new Promise<string>((ok) => createInterface({ input: child.stdout }).once('line', ok));
// serve answers on loopback only, as it must. What ssh -L does for a user, this does for the host.
createServer((outside) => {
  const inside = connect(port, '127.0.0.1');
  outside.pipe(inside).pipe(outside);
  for (const socket of [outside, inside]) socket.on('error', () => socket.destroy());
}).listen(port, GUEST_ADDRESS, () => {
  const cases = Object.fromEntries(fixture.cases.map((c) => [c.name, c.va.toString(16)]));
  const served: Served = { url: JSON.parse(line).url, pid: fixture.pid, cases };
  process.stdout.write(`===window ${JSON.stringify(served)}\n`);
});
await new Promise((ok) => createInterface({ input: process.stdin }).once('line', ok));
child.kill('SIGTERM');
await fixture.stop();
process.exit(0);
