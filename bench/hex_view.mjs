// SPDX-License-Identifier: GPL-2.0-only
// Frames per second of the hex view while Page Down is held, in the browser's own timings.
import { frameTimes } from './browser_frames.mjs';

const SECONDS = 4;

/** Of a face that `open` opens: the middle and the slowest hundredth of the times between two frames of the browser, in ms, and how far it went. */
export async function measureHexView(open) {
  const face = await open();
  const { page } = face;
  try {
    await page.getByText(/pages checked in/).waitFor();
    const box = page.getByLabel('Go to a process, address, frame or entry');
    await box.fill('pfn 100000');
    await box.press('Enter');
    const heading = page.getByRole('region', { name: 'Frame', exact: true }).getByRole('heading');
    await heading.getByText('Frame 100000').waitFor();
    await page.getByRole('group', { name: /Physical memory/ }).focus();
    const record = async (act) => {
      const { times, acts: pressed } = await frameTimes(page, SECONDS * 1000, act);
      const sorted = times.sort((a, b) => a - b);
      return {
        median: sorted[sorted.length >> 1],
        slow: sorted[Math.floor(sorted.length * 0.99)],
        perSecond: sorted.length / SECONDS,
        pressed,
      };
    };
    const idle = await record(() => new Promise((ok) => setTimeout(ok, 30)));
    // A held key repeats: down without up. Thirty a second is what keyboards do.
    const held = await record(async () => {
      await page.keyboard.down('PageDown');
      await new Promise((ok) => setTimeout(ok, 30));
    });
    await page.keyboard.up('PageDown');
    return { idle, held, at: await heading.innerText() };
  } finally {
    await face.close();
  }
}
