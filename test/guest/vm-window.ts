// SPDX-License-Identifier: GPL-2.0-only
// The window on a virtual machine, from outside: a page of a known process, and the way to its frame on the host.
import { join } from 'node:path';
import { hex, hexVa } from '../../app/contract/format.ts';
import { linkOf } from '../../app/contract/link.ts';
import { openBrowserAsRoot, SHOTS, settle } from '../e2e/faces.ts';

/** `hostPa`: where `walk --vm` finds the page on the host. Resolves to what is wrong; "" if nothing is. */
export async function lookAtVm(
  name: string,
  { pid, va }: { pid: number; va: bigint },
  hostPa: bigint,
): Promise<string> {
  const face = await openBrowserAsRoot('--vm', name);
  const { page } = face;
  try {
    await face.load(linkOf({ view: 'address', pid, va }));
    await page.getByText(/pages checked in/).waitFor();
    const host = page.getByRole('region', { name: 'On the host' });
    await host.getByRole('button', { name: 'Walk on, on the host' }).click();
    await host.getByText('hold the same bytes').waitFor();
    const chosen = page.getByRole('grid', { name: 'Pages' }).getByRole('row', { selected: true });
    await chosen.getByText(hexVa(va)).waitFor();
    const shown = await host.innerText();
    for (const scheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await settle(page);
      await page.screenshot({ path: join(SHOTS, `vm-${scheme}.png`) });
    }
    if (!shown.includes(`0x${hex(hostPa)}`)) return `the window does not show host physical 0x${hex(hostPa)}: ${shown}`;
    return face.complaints.join('\n');
  } catch (error) {
    await page.screenshot({ path: join(SHOTS, 'vm-failed.png') });
    return String(error);
  } finally {
    await face.close();
  }
}
