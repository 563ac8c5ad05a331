// SPDX-License-Identifier: GPL-2.0-only
// docs/cli.md is made from the definitions of the commands. After a change to them:
//   node node_modules/vitest/vitest.mjs run test/unit/cli-reference.test.ts -u
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandLine } from '../../app/main/commands/index.ts';

const CONVENTIONS = `# Command line

<!-- Made from app/main/commands/index.ts by test/unit/cli-reference.test.ts. Do not edit. -->

Run these as \`npx cr3scope\` in a checkout. Most commands read the live machine and need
root.

- Addresses, frame numbers and entries are hexadecimal, with or without \`0x\`. PIDs, page counts and limits are decimal.
- The end of a range is exclusive.
- Every command takes \`--json\` and then prints one JSON object per line. 64-bit words are strings such as \`"0x8000000078173067"\`; counts are numbers.
- \`--host MACHINE\` reads [another machine](remote.md) by ssh.
- \`--capture FILE\` answers from a [capture](capture.md) instead of the machine, without root.
- Errors go to standard error as one line: what failed, and what to do about it ([troubleshooting](troubleshooting.md)).

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | a mismatch was found (\`search\`: nothing was found; \`diff\`: something differs; \`verify\`: the file is not as it was written) |
| 2 | the command failed |
`;

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function rows(title: string, list: readonly (readonly [term: string, description: string])[]): string[] {
  if (list.length === 0) return [];
  return ['', `| ${title} | |`, '| --- | --- |', ...list.map(([term, text]) => `| \`${term}\` | ${cell(text)} |`)];
}

function describe(command: Command): string[] {
  const help = command.createHelp();
  const example: string[] = [];
  command.configureOutput({ writeOut: (text) => example.push(text) }).outputHelp();
  const samples = /\nExample:\n((?: {2}.*\n)+)/.exec(example.join(''))?.[1] ?? '';
  return [
    '',
    `### ${command.name()}`,
    '',
    '```',
    help.commandUsage(command),
    '```',
    '',
    `${help.commandDescription(command).replace(/^./, (c) => c.toUpperCase())}.`,
    ...rows(
      'argument',
      help.visibleArguments(command).map((a) => [help.argumentTerm(a), help.argumentDescription(a)]),
    ),
    ...rows(
      'option',
      help
        .visibleOptions(command)
        .filter((o) => o.long !== '--help' && o.long !== '--json')
        .map((o) => [help.optionTerm(o), help.optionDescription(o)]),
    ),
    '',
    '```',
    samples.replaceAll(/^ {2}/gm, '').trimEnd(),
    '```',
  ];
}

test('docs/cli.md lists every command with its arguments and options', async () => {
  const program = commandLine(
    () => Promise.reject(new Error('no machine is opened here')),
    () => undefined,
  );
  const names = [...new Set(program.commands.map((c) => c.helpGroup()))];
  const text = names.flatMap((name) => [
    '',
    `## ${name.replace(':', '')}`,
    ...program.commands.filter((c) => c.helpGroup() === name).flatMap(describe),
  ]);
  await expect(`${CONVENTIONS}${text.join('\n')}\n`).toMatchFileSnapshot('../../docs/cli.md');
});
