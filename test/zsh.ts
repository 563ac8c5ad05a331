// SPDX-License-Identifier: GPL-2.0-only
/**
 * zsh completes in its line editor only. With this in $ZDOTDIR, "zsh -di" in a terminal completes the line in $LINE and writes
 * what is added into the file $OFFERED.
 */
export const ZSHRC = `
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit && compinit -u -d $ZDOTDIR/dump
cd $ZDOTDIR
compadd() {
  local -a hits
  [[ " \${@[1,(i)(-|--)]} " == *' -'[OAD]' '* ]] || { builtin compadd -O hits "$@"; print -rl -- $hits >>$OFFERED }
  builtin compadd "$@"
}
zle-line-init() { BUFFER=$LINE; CURSOR=$#BUFFER; zle complete-word; exit 0 }
zle -N zle-line-init
`;
