// SPDX-License-Identifier: GPL-2.0-only
// A machine that is 50 ms away: how often each view waits for an answer before it can ask the next question, as docs/remote.md
// says.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { captureProcesses } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Service } from '../../app/main/service/service.ts';
import type { Carrier, Running } from '../../app/main/sources/carrier.ts';
import { HelperCarrier } from '../../app/main/sources/helper.ts';
import { wayTo } from '../../app/main/sources/remote.ts';
import { sourcesOf } from '../../app/main/sources/sources.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { settle } from './faces.ts';
import { type OwnServer, startOwnServer } from './own-server.ts';
import { INSTALLED, MAY_ALL, type OtherMachine, startOtherMachine } from './sshd.ts';

interface Counted {
  readonly roundTrips: number;
  /** What was called, for whoever has to find out why there are more than documented. */
  readonly calls: string;
}

/** Counts how many calls follow one another: a call that begins when others have ended may have needed their answers. */
class CountingCarrier implements Carrier {
  /** The longest chain of calls that have been answered. */
  private answered = 0;
  /** The calls since `begin`, each after the number of its place in a chain. */
  private calls: string[] = [];
  /** Calls that have not been answered. */
  waiting = 0;

  constructor(private readonly carrier: Carrier) {}

  begin(): void {
    this.answered = 0;
    this.calls = [];
  }

  get counted(): Counted {
    return { roundTrips: this.answered, calls: this.calls.join(', ') };
  }

  async call(name: string, args: unknown[]): Promise<unknown> {
    const arrived = this.sent(name);
    return this.carrier.call(name, args).finally(() => {
      arrived();
      this.waiting--;
    });
  }

  start(name: string, args: unknown[], onBatch: (batch: unknown) => void): Running<unknown> {
    const arrived = this.sent(name);
    const running = this.carrier.start(name, args, (batch) => {
      arrived();
      onBatch(batch);
    });
    const ended = () => {
      arrived();
      this.waiting--;
    };
    running.promise.then(ended, ended);
    return running;
  }

  launch: Carrier['launch'] = (...args) => this.carrier.launch(...args);

  private sent(name: string): () => void {
    const length = this.answered + 1;
    this.calls.push(`${length} ${name}`);
    this.waiting++;
    return () => {
      this.answered = Math.max(this.answered, length);
    };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-far-'));
let machine: OtherMachine;
let fixture: Fixture;
let carrier: CountingCarrier;
let explorer: Explorer;
let server: OwnServer;
let page: Page;
const before = { ...process.env };

beforeAll(async () => {
  machine = await startOtherMachine();
  machine.install('cr3scope', INSTALLED);
  machine.permit(MAY_ALL);
  fixture = await startFixture('stripes');
  Object.assign(process.env, machine.env);
  const way = wayTo('slow', { helper: '', privileges: true, mayCopy: async () => false });
  carrier = new CountingCarrier(await HelperCarrier.open(await way.open()));
  explorer = new Explorer(await sourcesOf(carrier));
  server = await startOwnServer(() => new Service(explorer));
  page = server.page;
  // What is read again by itself would be counted as well.
  await page.addInitScript(() => Object.assign(window, { setInterval: () => 0 }));
});
afterAll(async () => {
  process.env = before;
  await server?.close();
  await fixture?.stop();
  await machine?.close();
  rmSync(folder, { recursive: true });
});

const box = () => page.getByLabel('Go to a process, address, frame or entry');
const go = async (text: string) => {
  await box().fill(text);
  await box().press('Enter');
};
const tab = (name: string) => () => page.getByRole('tab', { name }).click();

const translated = () => page.getByRole('region', { name: 'Walk' }).getByText('Physical address').waitFor();

/** What is done, and what shows that it is there. */
const STEPS: readonly (readonly [view: string, act: () => Promise<unknown>, there: () => Promise<unknown>])[] = [
  [
    'open the window, which shows a process',
    () => page.goto(`${server.url}&link=cr3scope://process/${fixture.pid}`),
    () => page.getByText(/pages checked in/).waitFor(),
  ],
  [
    'go to another process, which is checked',
    () => go(String(process.pid)),
    async () => {
      await page.getByRole('heading', { name: new RegExp(`^${process.pid} `) }).waitFor();
      await page.getByText(/pages checked in/).waitFor();
    },
  ],
  // The first one, because it has pages. The window remembers the tab of the attempt before.
  [
    'choose a region',
    async () => {
      await tab('Walk')();
      await page.getByRole('grid', { name: 'Regions' }).press('Home');
    },
    translated,
  ],
  [
    '*Mapped by*',
    tab('Mapped by'),
    () => page.getByRole('region', { name: 'Mapped by' }).getByRole('row').nth(1).waitFor(),
  ],
  [
    'Tables',
    tab('Tables'),
    () =>
      page
        .getByRole('grid', { name: /tables/i })
        .first()
        .waitFor(),
  ],
  ['Physical memory', tab('Physical memory'), () => page.locator('canvas').first().waitFor()],
];

/** Nothing is asked or drawn any more. */
async function quiet(): Promise<void> {
  do {
    await expect.poll(() => carrier.waiting).toBe(0);
    await settle(page);
  } while (carrier.waiting > 0);
}

/** Calls that follow one another by chance add to a count: a view needs no more than the least of a few attempts. */
const ATTEMPTS = 5;

const capture = (pids: readonly number[]) =>
  captureProcesses(
    explorer,
    join(folder, 'x.cr3scope'),
    pids.map((pid) => ({ pid, startTicks: 0n })),
    { force: true },
  );

test('each view takes no more round trips than the documentation says', async () => {
  const said = [...readFileSync('docs/remote.md', 'utf8').matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(
    ([, view = '', n]) => [view, Number(n)] as const,
  );
  const least = new Map<string, Counted>();
  const count = async (what: string, act: () => Promise<unknown>) => {
    carrier.begin();
    await act();
    await quiet();
    const { counted } = carrier;
    if (counted.roundTrips < (least.get(what)?.roundTrips ?? Infinity)) least.set(what, counted);
  };
  const captured = async (pids: readonly number[]) => {
    carrier.begin();
    await capture(pids);
    return carrier.counted;
  };
  // What each further process adds, before the page asks for anything.
  const one = await captured([fixture.pid]);
  const two = await captured([fixture.pid, machine.pid]);
  const tooMany = (views: readonly (readonly [view: string, n: number])[]) =>
    views.filter(([view, n]) => (least.get(view)?.roundTrips ?? Infinity) > n).map(([view]) => [view, least.get(view)]);
  for (let i = 0; i < ATTEMPTS && (i === 0 || tooMany(said.slice(0, -1)).length > 0); i++) {
    // By itself: the view takes samples without end.
    await page.goto('about:blank');
    await count('CPUs, for each sample', () => explorer.cpus({}));
    for (const [view, act, there] of STEPS) await count(view, () => act().then(there));
  }
  least.set('captures and comparisons, for each process', {
    roundTrips: two.roundTrips - one.roundTrips,
    calls: two.calls,
  });
  expect([...least.keys()]).toEqual(said.map(([view]) => view));
  expect(tooMany(said)).toEqual([]);
});
