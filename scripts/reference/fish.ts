// SPDX-License-Identifier: GPL-2.0-only
// Completion for fish.
import type { CommandFacts, OptionFacts, Reference } from './commands.ts';
import { type Values, valuesOf } from './values.ts';

const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

const SOURCES: Readonly<Record<Exclude<Values, readonly string[]>, string>> = {
  file: '-F',
  directory: "-f -a '(__fish_complete_directories)'",
  pid: "-f -a '(__fish_complete_pids)'",
  host: "-f -a '(__fish_print_hostnames)'",
  user: "-f -a '(__fish_complete_users)'",
  program: "-f -a '(__fish_complete_command)'",
};

function source(command: CommandFacts, name: string): string {
  const values = valuesOf(command, name);
  if (values === undefined) return '-f';
  return typeof values === 'string' ? SOURCES[values] : `-f -a ${quoted(values.join(' '))}`;
}

const given = (command: CommandFacts) => `complete -c cr3scope -n '__fish_seen_subcommand_from ${command.name}'`;

function option(command: CommandFacts, o: OptionFacts): string {
  const short = o.short ? ` -s ${o.short.slice(1)}` : '';
  const value = o.value === '' || o.valueIsOptional ? '' : ` -r ${source(command, o.value)}`;
  return `${given(command)}${short} -l ${o.long.slice(2)}${value} -d ${quoted(o.description)}`;
}

/** Its arguments, whichever comes next: fish does not count them. */
function words(command: CommandFacts): string[] {
  if (command.startsProgram) return [`${given(command)} -x -a '(__fish_complete_subcommand --fcs-skip=2)'`];
  return [...new Set(command.arguments.map((a) => source(command, a.name)))]
    .filter((found) => found !== '-f')
    .map((found) => `${given(command)} ${found}`);
}

export function fish({ groups }: Reference): string {
  const commands = groups.flatMap((group) => group.commands);
  const lines = [
    '# Made from app/main/commands/index.ts by scripts/reference. Do not edit.',
    'complete -c cr3scope -f',
    "complete -c cr3scope -n __fish_use_subcommand -s V -l version -d 'show the version'",
    ...commands.map(
      (c) =>
        `complete -c cr3scope -n __fish_use_subcommand -a ${c.name} -d ${quoted(c.description.replace(/\.$/, ''))}`,
    ),
    ...commands.flatMap((c) => [...c.options.map((o) => option(c, o)), ...words(c)]),
  ];
  return `${lines.join('\n')}\n`;
}
