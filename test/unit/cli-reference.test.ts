// SPDX-License-Identifier: GPL-2.0-only
// docs/cli.md is made from the definitions of the commands. After a change to them:
//   node node_modules/vitest/vitest.mjs run test/unit/cli-reference.test.ts -u
import { expect, test } from 'vitest';
import { reference } from '../../scripts/reference/commands.ts';
import { markdown } from '../../scripts/reference/markdown.ts';

test('docs/cli.md lists every command with its arguments and options', async () => {
  await expect(markdown(reference())).toMatchFileSnapshot('../../docs/cli.md');
});
