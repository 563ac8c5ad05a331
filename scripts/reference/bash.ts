// SPDX-License-Identifier: GPL-2.0-only
// Completion for bash, with the functions of the package bash-completion.
import type { ArgumentFacts, CommandFacts, OptionFacts, Reference } from './commands.ts';
import { valuesOf } from './values.ts';

/** A kind of values as one word; "none" where nothing is offered. */
const kind = (command: CommandFacts, name: string) => [valuesOf(command, name) ?? 'none'].flat().join(',');

const flags = ({ short, long }: OptionFacts) => (short ? [short, long] : [long]);

function branch(command: CommandFacts): string {
  const valued = command.options.filter(({ value, valueIsOptional }) => value !== '' && !valueIsOptional);
  const argument = ({ name, isVariadic }: ArgumentFacts) => `${kind(command, name)}${isVariadic ? '+' : ''}`;
  return `        ${command.name})
            options="${command.options.flatMap(flags).join(' ')}"
            valued="${valued.flatMap((o) => flags(o).map((flag) => `${flag}=${kind(command, o.value)}`)).join(' ')}"
            arguments="${command.arguments.map(argument).join(' ')}"
            ;;`;
}

export function bash({ groups }: Reference): string {
  const commands = groups.flatMap((group) => group.commands);
  const starters = commands.filter((c) => c.startsProgram).map((c) => c.name);
  return `# shellcheck shell=bash
# Made from app/main/commands/index.ts by scripts/reference. Do not edit.

# Offers the values of a kind; several words with commas between them are offered themselves.
_cr3scope_offer() {
    case $1 in
        none) ;;
        file) _filedir ;;
        directory) _filedir -d ;;
        pid) mapfile -t COMPREPLY < <(cd /proc && compgen -W "$(echo [0-9]*)" -- "$cur") ;;
        host) _known_hosts_real -a -- "$cur" ;;
        user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
        program) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "\${1//,/ }" -- "$cur") ;;
    esac
}

_cr3scope() {
    local cur prev words cword split
    _init_completion -s || return
    if ((cword == 1)); then
        _cr3scope_offer "${[...commands.map((c) => c.name), 'help', '--help', '--version'].join(',')}"
        return
    fi

    # Its options; those that take a value, with the kind of the value; and the kinds of its arguments, + after the last one
    # if there may be more.
    local options valued arguments
    case \${words[1]} in
${commands.map(branch).join('\n')}
        help)
            _cr3scope_offer "${commands.map((c) => c.name).join(',')}"
            return
            ;;
        *) return ;;
    esac

    local i kind position=0 first=0
    for ((i = 2; i < cword; i++)); do
        if [[ \${words[i]} == -?* ]]; then
            [[ " $valued" == *" \${words[i]}="* ]] && ((i++))
        elif ((position++ == 0)); then
            first=$i
        fi
    done
    # The loop went past the word at the cursor if that is the value of the option before it.
    if [[ $split == true ]] || ((i > cword)); then
        kind=" $valued "
        kind=\${kind#*" $prev="}
        _cr3scope_offer "\${kind%% *}"
    elif ((position > 0)) && [[ " ${starters.join(' ')} " == *" \${words[1]} "* ]]; then
        _command_offset "$first"
    elif [[ $cur == -* || -z $arguments ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    else
        for kind in $arguments; do
            if ((position-- == 0)) || [[ $kind == *+ ]]; then
                _cr3scope_offer "\${kind%+}"
                return
            fi
        done
    fi
}

complete -F _cr3scope cr3scope
`;
}
