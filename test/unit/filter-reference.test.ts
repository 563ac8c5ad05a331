// SPDX-License-Identifier: GPL-2.0-only
// docs/filter.md is made from the fields of the tables. After a change to them:
//   node node_modules/vitest/vitest.mjs run test/unit/filter-reference.test.ts -u
import { expect, test } from 'vitest';
import { filterReference } from '../../scripts/reference/filters.ts';

test('docs/filter.md lists every field of every table', async () => {
  await expect(filterReference()).toMatchFileSnapshot('../../docs/filter.md');
});
