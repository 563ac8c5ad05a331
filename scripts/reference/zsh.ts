// SPDX-License-Identifier: GPL-2.0-only
// Completion for zsh.
import type { ArgumentFacts, CommandFacts, OptionFacts, Reference } from './commands.ts';
import { type Values, valuesOf } from './values.ts';

const ACTIONS: Readonly<Record<Exclude<Values, readonly string[]>, string>> = {
  file: '_files',
  directory: '_files -/',
  pid: '_cr3scope_pids',
  host: '_hosts',
  user: '_users',
  program: '_command_names -e',
};

/** What completes a value. One blank offers nothing, with the message alone. */
function action(command: CommandFacts, name: string): string {
  const values = valuesOf(command, name);
  if (values === undefined) return ' ';
  return typeof values === 'string' ? ACTIONS[values] : `(${values.join(' ')})`;
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const explained = (text: string) => `[${text.replaceAll(/[[\]\\]/g, '\\$&')}]`;
const message = (text: string) => text.replaceAll(/[:\\]/g, '\\$&');

function option(command: CommandFacts, o: OptionFacts): string {
  const long = o.value === '' || o.valueIsOptional ? o.long : `${o.long}=`;
  const value = o.value === '' ? '' : `:${o.valueIsOptional ? ':' : ''}${message(o.value)}:${action(command, o.value)}`;
  const rest = quoted(`${explained(o.description)}${value}`);
  if (o.short) return `'(${o.short} ${o.long})'{${o.short},${long}}${rest}`;
  return `${o.isVariadic ? "'*'" : ''}${long}${rest}`;
}

const argument = (command: CommandFacts, a: ArgumentFacts) =>
  quoted(`${a.isVariadic ? '*' : ''}:${message(a.name)}:${action(command, a.name)}`);

function branch(command: CommandFacts): string {
  const [first] = command.arguments;
  const words =
    command.startsProgram && first
      ? [argument(command, first), "'*::arguments:_normal'"]
      : command.arguments.map((a) => argument(command, a));
  const lines = [...command.options.map((o) => option(command, o)), ...words];
  return `        ${command.name})
            _arguments -s : \\
${lines.map((line) => `                ${line}`).join(' \\\n')}
            ;;`;
}

export function zsh({ name, groups }: Reference): string {
  const commands = groups.flatMap((group) => group.commands);
  const described = commands.map((c) => `        ${quoted(`${c.name}:${c.description.replace(/\.$/, '')}`)}`);
  return `#compdef ${name}
# Made from app/main/commands/index.ts by scripts/reference. Do not edit.

_cr3scope_pids() {
    local expl
    _description pids expl 'process'
    compadd "$expl[@]" -- /proc/<->(/:t)
}

_cr3scope() {
    local context state state_descr line
    typeset -A opt_args
    local -a commands=(
${described.join('\n')}
    )
    _arguments -C '(- *)'{-h,--help}'[show the commands]' '(- *)'{-V,--version}'[show the version]' ': :->command' '*:: :->rest'
    case $state in
    command) _describe -t commands command commands ;;
    rest)
        case $words[1] in
${commands.map(branch).join('\n')}
        help) _describe -t commands command commands ;;
        esac
        ;;
    esac
}

_cr3scope "$@"
`;
}
