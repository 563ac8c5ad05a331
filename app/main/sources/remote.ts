// SPDX-License-Identifier: GPL-2.0-only
// The way to a helper on another machine: one connection of ssh, in which a few lines of shell find the helper, take a copy of
// it where there is none, and become it (docs/remote.md).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { VERSION } from '../version.ts';
import { Failed } from './failed.ts';
import { type HelperStreams, spawnHelper } from './helper.ts';
import { parseHost, sshCommand, sshFailed, whereSshAsks } from './ssh.ts';
import type { Way } from './ways.ts';

/**
 * What runs over there. It is constant: whatever depends on this machine comes as a line of its standard input. One line
 * without single quotes, "!" or backslashes goes unchanged through every login shell. A copy gets its name when its hash is
 * right.
 */
const SCRIPT = [
  'LC_ALL=C; export LC_ALL; umask 077; dir="$HOME/.cache/cr3scope"',
  'say() { echo "cr3scope: $*"; }',
  'sum() { sha256sum "$1" 2>/dev/null | cut -c 1-64; }',
  'check() { [ "$(sum "$1")" = "$2" ] || { echo "its hash is not right"; false; }; }',
  'put() { mkdir -p "$dir" && head -c "$2" >"$1" && chmod 700 "$1" && check "$1" "$3" && mv -f "$1" "$dir/$name"; }',
  // Copies of other versions are not needed any more. One that runs can be removed, too.
  'tidy() { for old in "$dir"/cr3scope-helper-*; do [ "$old" = "$dir/$name" ] || rm -f "$old"; done; }',
  // The command of a package is a link to its bundle; the helper is one folder above.
  'beside=; tool=$(command -v cr3scope) && beside="$(dirname "$(dirname "$(readlink -f "$tool")")")/cr3scope-helper"',
  'if [ -x "$beside" ]; then tool="$beside"; elif [ -n "$tool" ]; then tool="$tool helper"; fi',
  'say "hello|$(uname -s)|$(uname -m)|$(id -u)|$(id -un)|$dir|$(command -v sudo)|$tool"',
  'while read -r verb name rest; do case "$verb" in ' +
    'sum) say "sum|$(sum "$dir/$name")" ;; ' +
    'put) if why=$(put "$dir/new.$$" $rest 2>&1); then tidy; say "put|"; else rm -f "$dir/new.$$"; say "put|" $why; fi ;; ' +
    'installed) exec $name $rest $tool ;; ' +
    'copied) exec $rest "$dir/$name" ;; ' +
    'esac; done',
].join('; ');

/** What a machine says of itself. */
interface Greeting {
  readonly system: string;
  readonly processor: string;
  readonly uid: string;
  readonly user: string;
  readonly folder: string;
  readonly sudo: string;
  readonly installed: string;
}

export interface RemoteOptions {
  /** The program to copy where there is none. */
  readonly helper: string;
  /** Without it, what the login may read is read. */
  readonly privileges: boolean;
  /** Whether the user agrees that it is copied; the text says what to where. */
  readonly mayCopy: (question: string) => Promise<boolean>;
}

const LONGEST_LINE = 4000;
const tryIt = (host: string) => `Check that \`ssh ${host}\` works.`;

/** Lines before and instead of a helper's frames, while the shell speaks. Only one question is open at a time. */
class Dialogue {
  private text = '';

  constructor(
    private readonly streams: HelperStreams,
    private readonly host: string,
  ) {}

  say(line: string, more?: Uint8Array): void {
    this.streams.input.write(`${line}\n`);
    if (more) this.streams.input.write(more);
  }

  /** The fields of the next line, which begins with `word`. */
  async hear(word: string): Promise<string[]> {
    const { output } = this.streams;
    const line = await new Promise<string | undefined>((resolve) => {
      const take = () => {
        for (let part = output.read() as Buffer | null; part; part = output.read() as Buffer | null)
          this.text += part.toString('latin1');
        const end = this.text.indexOf('\n');
        if (end < 0 && this.text.length < LONGEST_LINE) return;
        output.off('readable', take);
        resolve(this.text.slice(0, end < 0 ? LONGEST_LINE : end));
        this.text = this.text.slice(end + 1);
      };
      output.on('readable', take);
      void this.streams.ended.then(() => resolve(undefined));
    });
    if (line === undefined) throw this.over(await this.streams.ended);
    const [first, ...fields] = line.trimEnd().split('|');
    if (first === `cr3scope: ${word}`) return fields;
    throw this.junk(line);
  }

  async greeting(): Promise<Greeting> {
    const [system = '', processor = '', uid = '', user = '', folder = '', sudo = '', installed = ''] =
      await this.hear('hello');
    return { system, processor, uid, user, folder, sudo, installed };
  }

  private over(how: string): Failed {
    const said = `${this.text}${this.streams.complaints()}`.trim();
    return (
      sshFailed(this.host, said) ??
      new Failed(`${this.host} can’t be reached: ${said || how}`, tryIt(this.host), 'ECONNREFUSED')
    );
  }

  private junk(line: string): Failed {
    return new Failed(
      `${this.host} printed something before the helper could start: "${line.slice(0, 200)}"`,
      'Correct the login scripts there: without a terminal they must print nothing.',
      'EPROTO',
    );
  }
}

/** The name of the copy over there says what it is. */
function copyOf(helper: string) {
  const bytes = readFileSync(helper);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, sha256, name: `cr3scope-helper-${VERSION}-${sha256}` };
}

const sudoSays = (said: string) => /^sudo: (.*)$/m.exec(said)?.[1]?.trim();

/** What the failure of a helper over there means. `program` is what sudo would have to permit. */
function explained(host: string, user: string, program: string, complaints: () => string) {
  const remedy = `Connect as root@…, or let root add this line there with visudo: "${user} ALL=(root) NOPASSWD: ${program}".`;
  return (reason: Failed, greeted: boolean): Failed => {
    if (reason.code === 'EPROTO') return new Failed(`${host}: ${reason.message}`, reason.remedy, reason.code);
    if (reason.code !== 'EPIPE') return reason;
    if (greeted) return new Failed(`the connection to ${host} was lost`, 'Connect again.', 'EPIPE');
    const refusal = sudoSays(complaints());
    if (refusal) return new Failed(`there are no privileges on ${host}: sudo says "${refusal}"`, remedy, 'EPERM');
    return new Failed(`${host}: ${reason.message}`, tryIt(host), 'EPIPE');
  };
}

/** Finds the helper, or copies it; resolves to what sudo would have to permit to run it. */
async function choose(dialogue: Dialogue, host: string, greeting: Greeting, { helper, mayCopy }: RemoteOptions) {
  const { folder, installed } = greeting;
  if (installed) return { request: 'installed', program: installed };
  const copy = copyOf(helper);
  const path = `${folder}/${copy.name}`;
  dialogue.say(`sum ${copy.name}`);
  const [there] = await dialogue.hear('sum');
  if (there !== copy.sha256) {
    await askToCopy(host, path, copy.bytes.length, mayCopy);
    dialogue.say(`put ${copy.name} ${copy.bytes.length} ${copy.sha256}`, copy.bytes);
    const [problem] = await dialogue.hear('put');
    if (problem)
      throw new Failed(
        `the helper can’t be copied to ${host}: ${problem.trim()}`,
        `Make room, or check the rights of ${folder} there. Or install cr3scope there.`,
        'ENOSPC',
      );
  }
  return { request: `copied ${copy.name}`, program: `sha256:${copy.sha256} ${path}` };
}

async function open(host: string, options: RemoteOptions): Promise<HelperStreams> {
  const streams = spawnHelper(sshCommand(host, `exec sh -c '${SCRIPT}'`));
  // It ignores Ctrl-C, and may be asking for a password.
  const stop = () => {
    streams.kill?.();
    process.kill(process.pid, 'SIGINT');
  };
  process.once('SIGINT', stop);
  try {
    const dialogue = new Dialogue(streams, host);
    const greeting = await dialogue.greeting();
    const { system, processor, uid, user, sudo } = greeting;
    if (system !== 'Linux' || processor !== 'x86_64')
      throw new Failed(`${host} runs ${system} on ${processor}`, 'cr3scope reads Linux on x86-64.', 'ENOTSUP');
    const bySudo = options.privileges && uid !== '0';
    if (bySudo && !sudo)
      throw new Failed(
        `there is no sudo on ${host}, and ${user} is not root`,
        'Connect as root@…, or install sudo there.',
        'EPERM',
      );
    const { request, program } = await choose(dialogue, host, greeting, options);
    dialogue.say(`${request} ${bySudo ? 'sudo -n --' : ''}`);
    return { ...streams, explain: explained(host, user, program, streams.complaints) };
  } catch (error) {
    streams.end();
    throw error;
  } finally {
    process.off('SIGINT', stop);
  }
}

async function askToCopy(host: string, path: string, bytes: number, mayCopy: RemoteOptions['mayCopy']): Promise<void> {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  if (await mayCopy(`cr3scope is not installed on ${host}. Copy its helper (${size}) to ${path} there?`)) return;
  throw new Failed(
    `cr3scope is not installed on ${host}, and its helper was not copied`,
    'Install cr3scope there, or agree to the copy in a terminal.',
    'ECANCELED',
  );
}

/** The way to the helper of another machine; it can be taken again when the connection was lost. */
export function wayTo(host: string, options: RemoteOptions): Way {
  parseHost(host);
  return {
    name: options.privileges ? 'helper by ssh' : 'helper by ssh, without privileges',
    asks: whereSshAsks(),
    open: () => open(host, options),
  };
}
