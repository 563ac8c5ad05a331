// The seam between the explorer and the sources. One interface, several carriers: the addon in this process, and
// later a privileged helper behind pipes. Nothing above it knows which.
import { createRequire } from 'node:module';
import type { CheckSummary, Regions, Rows, SourceStatus, Translation } from '../../contract/api.ts';
import type { Addon, AddonFrames, AddonProcesses, AddonRoots, AddonTarget, CheckBatch } from './addon.d.ts';
import { Failed } from './failed.ts';

export interface CheckJob {
  readonly promise: Promise<CheckSummary>;
  cancel(): void;
}

export interface Sources {
  readonly target: AddonTarget;
  readonly directMap: bigint;
  readonly directMapFrom: string;
  readonly status: readonly SourceStatus[];
  processes(): Promise<AddonProcesses>;
  /** Null where no source can read roots. */
  roots(): Promise<AddonRoots | null>;
  regions(pid: number): Promise<Regions>;
  rows(pid: number, startTicks: bigint, vas: BigUint64Array): Promise<Rows>;
  translate(pid: number, startTicks: bigint, va: bigint): Promise<Translation>;
  frames(pfns: BigUint64Array): Promise<AddonFrames>;
  check(pid: number, startTicks: bigint, begin: bigint, end: bigint, onBatch: (batch: CheckBatch) => void): CheckJob;
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

/** Opens the sources of this machine through the addon at `path`. */
export async function openSources(path: string): Promise<Sources> {
  const addon = createRequire(path)(path) as Addon;
  const session = new addon.Session();
  const target = session.target();
  let tableWalk: SourceStatus;
  let directMap = 0n;
  let directMapFrom = '';
  try {
    ({ directMap, directMapFrom } = await session.open());
    tableWalk = {
      name: 'tableWalk',
      label: 'table walk',
      ready: true,
      detail: `raw table frames, read by bpf; direct map at 0x${directMap.toString(16)} (${directMapFrom})`,
      remedy: '',
    };
  } catch (error) {
    const { message, remedy } = Failed.from(error);
    tableWalk = { name: 'tableWalk', label: 'table walk', ready: false, detail: message, remedy };
  }
  const kernelWalk: SourceStatus = {
    name: 'kernelWalk',
    label: 'kernel walk',
    ready: false,
    detail: 'cr3scope.ko is not part of this version',
    remedy: 'Nothing to do: pagemap and the table walk are checked against each other without it.',
  };
  return {
    target,
    directMap,
    directMapFrom,
    status: [pagemapStatus(target), kernelWalk, tableWalk],
    processes: () => session.processes(),
    roots: () => (tableWalk.ready ? session.roots() : Promise.resolve(null)),
    regions: (pid) => session.regions(pid),
    rows: (pid, startTicks, vas) => session.rows(pid, startTicks, vas),
    translate: (pid, startTicks, va) => session.translate(pid, startTicks, va),
    frames: (pfns) => session.frames(pfns),
    check: (pid, startTicks, begin, end, onBatch) => session.check(pid, startTicks, begin, end, onBatch),
  };
}
