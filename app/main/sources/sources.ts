// SPDX-License-Identifier: GPL-2.0-only
// The interface between the explorer and the sources. It has two implementations: the addon in this process, and a capture of
// what the addon read before (capture/captured.ts). Nothing above depends on which one it is.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, hostname, totalmem } from 'node:os';
import type { SourceStatus, Target } from '../../contract/api.ts';
import { SHOWN_SOURCES, SOURCE, type SourceName, type Words } from '../../contract/sources.ts';
import { bootId } from '../proc.ts';
import { VERSION } from '../version.ts';
import type { Addon, AddonCpus, AddonRoots, AddonSession, AddonTarget } from './addon.d.ts';
import { Failed } from './failed.ts';
import { Cgroups, readNodes } from './system.ts';

export interface Sources extends Omit<AddonSession, 'target' | 'open' | 'roots' | 'cpus'> {
  readonly target: AddonTarget;
  /** The machine as the contract describes it. */
  readonly facts: Target;
  readonly status: readonly SourceStatus[];
  userName(uid: number): string;
  /** The path of a memory cgroup by its inode; null if there is none, or it is gone. */
  cgroupPath(inode: bigint): string | null;
  /** `at` is in ms since the epoch; undefined: now. */
  cpus(): Promise<AddonCpus & { at?: number }>;
  /** Null if no source can read roots. */
  roots(): Promise<AddonRoots | null>;
}

const hidden = () =>
  new Failed(
    'pagemap hides frame numbers from this user (they read 0)',
    'Run as root: this needs CAP_SYS_ADMIN in the initial user namespace.',
    'EPERM',
  );

/** The status of a source that may be missing for an error. `how` replaces its meaning, if more is known. */
function status(name: SourceName, error: Error | null, how?: string): SourceStatus {
  const { label, meaning } = SOURCE.word(name);
  if (!error) return { name, label, ready: true, detail: how ?? meaning, remedy: '' };
  const { message, remedy } = Failed.from(error);
  return { name, label, ready: false, detail: message, remedy };
}

function userNames(): Map<number, string> {
  const names = new Map<number, string>();
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , uid] = line.split(':');
      if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
    }
  } catch {
    // Users are then shown by number.
  }
  return names;
}

/** Opens the sources of this machine through the addon at `path`. */
export async function openSources(path: string): Promise<Sources> {
  const addon = createRequire(path)(path) as Addon;
  const session = new addon.Session();
  const target = session.target();
  const { directMap, directMapFrom, refusals } = await session.open();
  const missing: Words<Error | null> = { ...refusals, pagemap: target.zeroPfn ? null : hidden() };
  const reader = missing.kernelWalk ? 'bpf' : 'the module';
  const how: Partial<Words<string>> = {
    tableWalk: `${SOURCE.meaning('tableWalk')}, read by ${reader}; direct map at 0x${directMap.toString(16)} (${directMapFrom})`,
  };
  const sources = SHOWN_SOURCES.map((name) => status(name, missing[name], how[name]));
  const { capabilities: _, btf: __, ...facts } = target;
  const users = userNames();
  const cgroups = new Cgroups();
  return {
    target,
    facts: {
      ...facts,
      ...readNodes(),
      bootId: bootId(),
      hostname: hostname(),
      cpus: availableParallelism(),
      memoryBytes: BigInt(totalmem()),
      directMap,
      directMapFrom,
      sources,
      capture: null,
      notices: [],
      version: VERSION,
    },
    status: sources,
    userName: (uid) => users.get(uid) ?? String(uid),
    cgroupPath: (inode) => cgroups.path(inode),
    processes: () => session.processes(),
    roots: () => (missing.tableWalk === null ? session.roots() : Promise.resolve(null)),
    cpus: () => session.cpus(),
    regions: (...args) => session.regions(...args),
    rows: (...args) => session.rows(...args),
    translate: (...args) => session.translate(...args),
    frames: (...args) => session.frames(...args),
    owners: (...args) => session.owners(...args),
    tables: (...args) => session.tables(...args),
    memory: (...args) => session.memory(...args),
    causes: () => session.causes(),
    watch: (...args) => session.watch(...args),
    trace: (...args) => session.trace(...args),
    traceMachine: (...args) => session.traceMachine(...args),
    search: (...args) => session.search(...args),
    check: (...args) => session.check(...args),
  };
}
