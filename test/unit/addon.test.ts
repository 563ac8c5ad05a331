// SPDX-License-Identifier: GPL-2.0-only
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { ADDON_PATH } from '../addon.ts';

test('the product’s addon exports nothing that only tests call', () => {
  expect(Object.keys(createRequire(ADDON_PATH)(ADDON_PATH))).toEqual(['Session']);
});
