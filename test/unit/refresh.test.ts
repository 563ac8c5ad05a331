// SPDX-License-Identifier: GPL-2.0-only
// How often the window reads again what it shows.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const page = new EventTarget();
let reads: number;
let stop: () => void;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.resetModules();
  const { onRefresh } = await import('../../app/renderer/state/refresh.ts');
  reads = 0;
  stop = onRefresh(async () => void reads++);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function readsIn(seconds: number): Promise<number> {
  const before = reads;
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  return reads - before;
}

test('every two seconds while somebody uses the window, and every six when nobody has for twenty', async () => {
  expect(await readsIn(20)).toBe(10);
  expect(await readsIn(60)).toBe(10);
});

test('at once when somebody comes back, and then in steps of two seconds again', async () => {
  await readsIn(81);
  const before = reads;
  page.dispatchEvent(new Event('pointermove'));
  expect(reads).toBe(before + 1);
  page.dispatchEvent(new Event('pointermove'));
  expect(reads).toBe(before + 1);
  expect(await readsIn(10)).toBe(5);
});

test('not at all while the window is hidden, nor once nothing is to be read', async () => {
  vi.stubGlobal('document', { hidden: true });
  expect(await readsIn(10)).toBe(0);
  vi.stubGlobal('document', { hidden: false });
  expect(await readsIn(2)).toBe(1);
  stop();
  page.dispatchEvent(new Event('pointermove'));
  expect(await readsIn(60)).toBe(0);
});

test('a reading that takes long is not begun a second time', async () => {
  stop();
  const { onRefresh } = await import('../../app/renderer/state/refresh.ts');
  let begun = 0;
  let end = (): void => undefined;
  const read = () => {
    begun++;
    return new Promise<void>((ok) => {
      end = ok;
    });
  };
  stop = onRefresh(read);
  await readsIn(10);
  expect(begun).toBe(1);
  end();
  await readsIn(2);
  expect(begun).toBe(2);
});
