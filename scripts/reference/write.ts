// SPDX-License-Identifier: GPL-2.0-only
// Writes the man page and the completions of a package: write.ts FOLDER VERSION DATE. scripts/package.mjs runs it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bash } from './bash.ts';
import { reference } from './commands.ts';
import { fish } from './fish.ts';
import { manual } from './manual.ts';
import { zsh } from './zsh.ts';

const [folder = '.', version = '', date = ''] = process.argv.slice(2);
const facts = reference();
// By the names under which each shell looks for them.
const files = {
  'cr3scope.1': manual(facts, version, date),
  'bash/cr3scope': bash(facts),
  'zsh/_cr3scope': zsh(facts),
  'fish/cr3scope.fish': fish(facts),
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
