// SPDX-License-Identifier: GPL-2.0-only
// The man page, in the macros of man(7).
import { CONVENTIONS, type CommandFacts, EXIT_CODES, type Reference } from './commands.ts';

/** Text as roff shows it: backslashes and hyphens as they are, and no dot or quote that begins a macro. */
const roff = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '...')
    .replace(/^(?=[.'])/, '\\&');

/** Markdown's code in bold, and its links as their text. */
const inline = (markdown: string) =>
  roff(markdown.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')).replaceAll(/`([^`]+)`/g, '\\fB$1\\fR');

const item = (term: string, text: string) => ['.TP', `.B ${roff(term)}`, roff(text)];

const section = (command: CommandFacts): string[] => [
  `.SS ${roff(command.usage)}`,
  roff(command.description),
  ...command.arguments.filter((a) => a.description !== '').flatMap((a) => item(a.term, a.description)),
  ...command.options
    .filter(({ long }) => long !== '--help' && long !== '--json')
    .flatMap((o) => item(o.term, o.description)),
  '.PP',
  command.examples.length > 1 ? 'Examples:' : 'Example:',
  '.PP',
  '.EX',
  ...command.examples.map((line) => `    ${roff(line)}`),
  '.EE',
];

/** `date` is that of the version, as YYYY-MM-DD. */
export function manual({ name, description, groups }: Reference, version: string, date: string): string {
  const [purpose = ''] = description.split('\n');
  const lines = [
    '.\\" Made from app/main/commands/index.ts by scripts/reference. Do not edit.',
    `.TH ${name.toUpperCase()} 1 "${date}" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${roff(purpose.replace(/^./, (c) => c.toLowerCase()).replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.I command',
    '.RI [ argument ...]',
    '.RI [ option ...]',
    '.SH DESCRIPTION',
    'Most commands read the live machine and need root.',
    'They ask for a password through sudo if this user lacks the privileges.',
    ...CONVENTIONS.flatMap((line) => ['.IP \\(bu 2', inline(line)]),
    ...groups.flatMap((group) => [`.SH ${group.title.toUpperCase()}`, ...group.commands.flatMap(section)]),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, inline(meaning)]),
    '.SH FILES',
    ...item('~/.config/cr3scope/hosts', 'the machines that were connected to last'),
    ...item('~/.cache/cr3scope', 'on a machine that was read with --host: a copy of the helper'),
    '.SH SEE ALSO',
    `More documents are in`,
    `.IR /usr/share/doc/${name} .`,
    '.PP',
    '.BR proc_pid_pagemap (5),',
    '.BR sudo (8)',
  ];
  return `${lines.join('\n')}\n`;
}
