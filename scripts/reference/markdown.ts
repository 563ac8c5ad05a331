// SPDX-License-Identifier: GPL-2.0-only
// docs/cli.md.
import { CONVENTIONS, type CommandFacts, EXIT_CODES, type Reference } from './commands.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function rows(title: string, list: readonly { term: string; description: string }[]): string[] {
  if (list.length === 0) return [];
  return [
    '',
    `| ${title} | |`,
    '| --- | --- |',
    ...list.map(({ term, description }) => `| \`${term}\` | ${cell(description)} |`),
  ];
}

const section = (command: CommandFacts): string[] => [
  '',
  `### ${command.name}`,
  '',
  '```',
  command.usage,
  '```',
  '',
  command.description,
  ...rows(
    'argument',
    command.arguments.filter(({ description }) => description !== ''),
  ),
  ...rows(
    'option',
    command.options.filter(({ long }) => long !== '--help' && long !== '--json'),
  ),
  '',
  '```',
  ...command.examples,
  '```',
];

export function markdown({ groups }: Reference): string {
  const lines = [
    '# Command line',
    '',
    '<!-- Made from app/main/commands/index.ts by test/unit/cli-reference.test.ts. Do not edit. -->',
    '',
    'In a checkout, run these as `npx cr3scope`. Most commands read the live machine and need root.',
    '',
    ...CONVENTIONS.map((line) => `- ${line}`),
    '',
    '| exit code | meaning |',
    '| --- | --- |',
    ...EXIT_CODES.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ...groups.flatMap(({ title, commands }) => ['', `## ${title}`, ...commands.flatMap(section)]),
  ];
  return `${lines.join('\n')}\n`;
}
