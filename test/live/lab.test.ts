// SPDX-License-Identifier: GPL-2.0-only
// What a lab leaves behind.
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Lab } from '../../app/main/service/lab.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { LABS_PROGRAM } from '../lab.ts';

const READ = '0';

/** Whether a process waits for a line of its standard input. */
const waits = (pid: number) => readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith(`${READ} 0x0 `);

test('one that is ended while its step comes leaves no watch behind', async () => {
  const sources = await openSources(ADDON_PATH);
  let watches = 0;
  let began = 0;
  const watch: Sources['watch'] = (...args) => {
    const work = sources.watch(...args);
    watches++;
    began++;
    work.promise.catch(() => undefined).finally(() => watches--);
    return work;
  };
  const explorer = new Explorer({ ...sources, watch });

  const whole = new Lab(explorer, LABS_PROGRAM, 'cow');
  await whole.next();
  expect(began).toBeGreaterThan(0);
  whole.end();
  await expect.poll(() => watches).toBe(0);

  const cut = new Lab(explorer, LABS_PROGRAM, 'cow');
  const { pid } = (cut as unknown as { child: { pid: number } }).child;
  await expect.poll(() => waits(pid)).toBe(true);
  // What it has printed is read in the next turns.
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  const before = began;
  const step = cut.next();
  cut.end();
  // One that begins now would wait for its next step for ever.
  expect((await step).step).toBe(1);
  expect(began).toBe(before);
});
