// SPDX-License-Identifier: GPL-2.0-only
// Peers that ask for more than they read, and random messages: memory and descriptors have a bound, others are served.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { MOST_FRAMES } from '../../app/contract/api.ts';
import { pack } from '../../app/contract/msgpack.ts';
import { startServer } from './faces.ts';
import { Fuzzer, randomBy } from './fuzz.ts';
import { greet, openPage, tokenOf, type WebPage } from './web.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let page: WebPage;
beforeEach(async () => {
  server = await startServer();
  page = await openPage(server.port, { token: tokenOf(server.url) });
});
afterEach(() => {
  server.child.kill('SIGTERM');
});

/** MiB, the most that it ever had. */
const peak = () =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024;
/** Open descriptors; the readers of frames, which the addon keeps for the next call, apart from the others. */
function descriptors(): { readers: number; others: number } {
  const folder = `/proc/${server.child.pid}/fd`;
  let readers = 0;
  let others = 0;
  for (const fd of readdirSync(folder))
    try {
      if (/bpf|btf|\/proc\/kpage/.test(readlinkSync(`${folder}/${fd}`))) readers++;
      else others++;
    } catch {
      // closed meanwhile
    }
  return { readers, others };
}

/** Answers of 256 KiB that are asked for at once: several times the memory that they may take. */
const FLOOD = 3000;

test('answers that nobody reads do not pile up, and others are answered meanwhile', async () => {
  const { client } = page;
  const { ramBegin } = await client.call('target', {});
  const pfn = (ramBegin.at(-1) as bigint) >> 12n;
  const before = peak();
  const greedy = await openPage(server.port, { session: page.session });
  greedy.ws.pause();
  const told = new Promise<void>((ok) => {
    for (let id = 1; id <= FLOOD; id++) {
      const bytes = pack({ id, method: 'frames', args: { pfn, count: MOST_FRAMES } }); // 256 KiB each
      greedy.ws.send(bytes, () => id === 1 && ok());
    }
  });
  await told;
  for (let i = 0; i < 200; i++) expect((await client.call('frames', { pfn, count: MOST_FRAMES })).pfn).toBe(pfn);
  expect(peak() - before).toBeLessThan(250);
  // A page that continues to read gets every answer.
  let answers = 0;
  const all = new Promise<void>((ok) => greedy.ws.on('message', () => ++answers === FLOOD && ok()));
  greedy.ws.resume();
  await all;
  expect(peak() - before).toBeLessThan(250);
});

/** CR3SCOPE_FUZZ=1000000 sends so many messages; CR3SCOPE_SEED repeats a run. */
const messages = Number(process.env.CR3SCOPE_FUZZ ?? 3000);
const seed = Number(process.env.CR3SCOPE_SEED ?? Date.now() % 2 ** 32);

test(
  `${messages} messages of all kinds, from several pages and strangers: seed ${seed}`,
  async () => {
    const { port, child } = server;
    // Of a size that does not depend on what ran before.
    const looked = spawn('sleep', ['3600'], { stdio: 'ignore' });
    const fuzzer = new Fuzzer(randomBy(seed), looked.pid as number);
    await page.client.call('target', {});
    const before = { memory: peak(), descriptors: descriptors() };
    const pages: WebPage[] = [];
    for (let i = 0; i < messages; i++) {
      const at = fuzzer.below(4);
      if (pages[at]?.ws.readyState !== WebSocket.OPEN || fuzzer.below(500) === 0) {
        pages[at]?.ws.terminate();
        pages[at] = await openPage(port, { session: page.session });
        // What comes back is not looked at; that something does shows that the server goes on.
        pages[at]?.ws.removeAllListeners('message').on('error', () => undefined);
      }
      await new Promise((sent) => pages[at]?.ws.send(fuzzer.next(), sent));
      if (fuzzer.below(50) === 0) {
        const { ws, said } = await greet(port, fuzzer.greeting());
        expect(said).toMatch(/^4401 /);
        ws.terminate();
      }
      if (i % 100 === 0) await page.client.call('cpus', {});
    }
    for (const { ws } of pages.filter(Boolean)) ws.terminate();
    looked.kill();
    await page.client.call('regions', { pid: process.pid, startTicks: 0n });
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    expect(peak() - before.memory).toBeLessThan(600);
    await expect.poll(() => descriptors().others).toBeLessThanOrEqual(before.descriptors.others + 2);
    expect(descriptors().readers).toBeLessThan(1000);
  },
  120_000 + messages * 10,
);
