// SPDX-License-Identifier: GPL-2.0-only
// One module writes to the terminal, so that nothing reaches it that could act on it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('only commands/output.ts writes to stdout and stderr', () => {
  const files = readdirSync('app/main', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const writing = files.filter((file) =>
    /process\s*(\.|\[['"])\s*std(out|err)|\bconsole\s*\./.test(readFileSync(join('app/main', file), 'utf8')),
  );
  expect(writing).toEqual(['commands/output.ts']);
});
