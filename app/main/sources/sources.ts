// The seam between the explorer and the sources. One interface, several carriers: the addon in this process, and
// later a privileged helper behind pipes. Nothing above it knows which.
import { createRequire } from 'node:module';
import type { SourceStatus } from '../../contract/api.ts';
import type { Addon, AddonRoots, AddonSession, AddonTarget } from './addon.d.ts';
import { Failed } from './failed.ts';

export interface Sources extends Omit<AddonSession, 'target' | 'open' | 'roots'> {
  readonly target: AddonTarget;
  readonly directMap: bigint;
  readonly directMapFrom: string;
  readonly status: readonly SourceStatus[];
  /** Null where no source can read roots. */
  roots(): Promise<AddonRoots | null>;
}

function pagemapStatus(target: AddonTarget): SourceStatus {
  const ready = target.zeroPfn !== 0n;
  return {
    name: 'pagemap',
    label: 'pagemap',
    ready,
    detail: ready ? '/proc/PID/pagemap with frame numbers' : 'pagemap hides frame numbers from this user (they read 0)',
    remedy: ready ? '' : 'Run as root: it takes CAP_SYS_ADMIN in the initial user namespace.',
  };
}

function status(name: SourceStatus['name'], label: string, error: Error | null, detail: string): SourceStatus {
  if (!error) return { name, label, ready: true, detail, remedy: '' };
  const { message, remedy } = Failed.from(error);
  return { name, label, ready: false, detail: message, remedy };
}

/** Opens the sources of this machine through the addon at `path`. */
export async function openSources(path: string): Promise<Sources> {
  const addon = createRequire(path)(path) as Addon;
  const session = new addon.Session();
  const target = session.target();
  const { directMap, directMapFrom, moduleError, readerError } = await session.open();
  const reader = moduleError ? 'bpf' : 'the module';
  const kernelWalk = status('kernelWalk', 'kernel walk', moduleError, 'the kernel’s own helpers, by cr3scope.ko');
  const tableWalk = status(
    'tableWalk',
    'table walk',
    readerError,
    `raw table frames, read by ${reader}; direct map at 0x${directMap.toString(16)} (${directMapFrom})`,
  );
  return {
    target,
    directMap,
    directMapFrom,
    status: [pagemapStatus(target), kernelWalk, tableWalk],
    processes: () => session.processes(),
    roots: () => (tableWalk.ready ? session.roots() : Promise.resolve(null)),
    cpus: () => session.cpus(),
    regions: (...args) => session.regions(...args),
    rows: (...args) => session.rows(...args),
    translate: (...args) => session.translate(...args),
    frames: (...args) => session.frames(...args),
    owners: (...args) => session.owners(...args),
    tables: (...args) => session.tables(...args),
    memory: (...args) => session.memory(...args),
    watch: (...args) => session.watch(...args),
    trace: (...args) => session.trace(...args),
    traceMachine: (...args) => session.traceMachine(...args),
    search: (...args) => session.search(...args),
    check: (...args) => session.check(...args),
  };
}
