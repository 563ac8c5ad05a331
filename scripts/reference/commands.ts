// SPDX-License-Identifier: GPL-2.0-only
// What the definitions of the commands say. docs/cli.md, the man page and the completions are made from it.
import type { Argument, Command, Option } from 'commander';
import { commandLine } from '../../app/main/commands/index.ts';

export interface OptionFacts {
  /** "-o, --output <file>", and its parts. */
  readonly term: string;
  readonly short?: string | undefined;
  readonly long: string;
  readonly description: string;
  /** The name of its value: "file"; "" if it takes none. */
  readonly value: string;
  readonly valueIsOptional: boolean;
  readonly isVariadic: boolean;
}

export interface ArgumentFacts {
  readonly term: string;
  readonly name: string;
  /** "" where the usage says it all. */
  readonly description: string;
  readonly isVariadic: boolean;
}

export interface CommandFacts {
  readonly name: string;
  readonly usage: string;
  /** A sentence with its full stop. */
  readonly description: string;
  readonly arguments: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  /** One command line each. */
  readonly examples: readonly string[];
  /** What follows its first argument is the command line of another program. */
  readonly startsProgram: boolean;
}

export interface GroupFacts {
  readonly title: string;
  readonly commands: readonly CommandFacts[];
}

export interface Reference {
  readonly name: string;
  /** The first line says what it is. */
  readonly description: string;
  readonly groups: readonly GroupFacts[];
}

/** What goes for all commands, in Markdown. */
export const CONVENTIONS = [
  'Addresses, frame numbers and entries are hexadecimal, with or without `0x`. PIDs, page counts and limits are decimal.',
  'The end of a range is exclusive.',
  'Every command takes `--json` and then prints one JSON object per line. 64-bit words are strings such as `"0x8000000078173067"`; counts are numbers.',
  '`--host MACHINE` reads [another machine](remote.md) by ssh.',
  '`--capture FILE` answers from a [capture](capture.md) instead of the machine, without root.',
  'Errors go to standard error as one line: what failed, and what to do about it ([troubleshooting](troubleshooting.md)).',
];

/** In Markdown. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'success'],
  [
    1,
    'a mismatch was found (`search`: nothing was found; `diff`: something differs; `verify`: the file is not as it was written)',
  ],
  [2, 'the command failed'],
];

const argument = (command: Command, a: Argument): ArgumentFacts => ({
  term: command.createHelp().argumentTerm(a),
  name: a.name(),
  description: a.description,
  isVariadic: a.variadic,
});

const option = (command: Command, o: Option): OptionFacts => ({
  term: command.createHelp().optionTerm(o),
  short: o.short,
  long: o.long ?? '',
  description: command.createHelp().optionDescription(o),
  value: /[<[]([^>\].]+)[^>\]]*[>\]]$/.exec(o.flags)?.[1] ?? '',
  valueIsOptional: o.optional,
  isVariadic: o.variadic,
});

function facts(command: Command): CommandFacts {
  const help = command.createHelp();
  const text: string[] = [];
  command.configureOutput({ writeOut: (part) => text.push(part) }).outputHelp();
  const examples = /\nExample:\n((?: {2}.*\n)+)/.exec(text.join(''))?.[1] ?? '';
  return {
    name: command.name(),
    usage: help.commandUsage(command),
    description: `${help.commandDescription(command).replace(/^./, (c) => c.toUpperCase())}.`,
    arguments: command.registeredArguments.map((a) => argument(command, a)),
    options: help.visibleOptions(command).map((o) => option(command, o)),
    examples: examples.replaceAll(/^ {2}/gm, '').trimEnd().split('\n'),
    startsProgram: command.registeredArguments[0]?.name() === 'program',
  };
}

/** The commands in the order of `cr3scope --help`. */
export function reference(): Reference {
  const program = commandLine(
    () => Promise.reject(new Error('no machine is opened here')),
    () => undefined,
  );
  const visible = program.createHelp().visibleCommands(program);
  const titles = [...new Set(visible.map((c) => c.helpGroup()))].filter((title) => title !== '');
  return {
    name: program.name(),
    description: program.description(),
    groups: titles.map((title) => ({
      title: title.replace(':', ''),
      commands: visible.filter((c) => c.helpGroup() === title).map(facts),
    })),
  };
}
