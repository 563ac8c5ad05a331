// SPDX-License-Identifier: GPL-2.0-only
// The project's own addresses are in package.json alone, so that who publishes it changes them there.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };

const files = ['.', 'app', 'docs', 'kmod', 'packaging', 'scripts']
  .flatMap((folder) =>
    (readdirSync(folder, { recursive: folder !== '.' }) as string[]).map((name) => join(folder, name)),
  )
  .filter((file) => statSync(file).isFile());

test('no other file has the homepage or the mail address', () => {
  const mail = /<(.+@.+)>$/.exec(packageFile.author)?.[1] ?? '';
  expect(mail).not.toBe('');
  const own = [mail, new URL(packageFile.homepage).hostname];
  const having = files.filter((file) => own.some((address) => readFileSync(file, 'latin1').includes(address)));
  expect(having).toEqual(['package.json']);
});
