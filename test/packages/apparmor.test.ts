// SPDX-License-Identifier: GPL-2.0-only
// The window in a guest whose kernel has AppArmor, which this machine's may lack.
import { afterAll, beforeAll, test } from 'vitest';
import { fetchKernel } from '../guest/kernels.ts';
import { built } from './built.ts';
import { testInGuest } from './in-guest.ts';
import { Root } from './root.ts';
import { dependencies, giveCapture } from './window.ts';

let root: Root;
beforeAll(() => {
  root = Root.fresh('trixie');
  root.apt('update');
  // A guest has no network: what the packages need is there before.
  root.apt('install', 'apparmor', 'xvfb');
  root.apt('satisfy', dependencies());
  for (const name of ['cr3scope', 'cr3scope-desktop']) root.give(built(name));
  giveCapture(root);
});
afterAll(() => root?.close());

test('where AppArmor forbids user namespaces, the profile lets the window have its sandbox', async () => {
  await testInGuest(root, fetchKernel('6.12'), 'window');
});
