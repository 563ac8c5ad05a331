// SPDX-License-Identifier: GPL-2.0-only
// The contract as one page uses it: jobs and their events, files to download, snapshots, labs, and what the page may start.
// Reads go to the explorer. It does not depend on Electron or HTTP.

import {
  type Api,
  type Args,
  blankRows,
  type CheckEvent,
  type Events,
  METHODS,
  type Method,
  NO_RECORDS,
  type Privileges,
  type Result,
  type Traced,
  type WatchEvent,
} from '../../contract/api.ts';
import { wholePages } from '../../contract/paging.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import type { Document } from '../capture/document.ts';
import { Documents } from '../capture/documents.ts';
import { PageCollector } from '../capture/finished.ts';
import type { Written } from '../capture/record.ts';
import { Snapshots } from '../capture/snapshots.ts';
import { type CheckRecord, type Explorer, isRead, type Reads } from '../explorer/explorer.ts';
import { type Host, walkOnHost } from '../explorer/hostWalk.ts';
import { Failed } from '../sources/failed.ts';
import type { CheckBatch } from '../sources/session.ts';
import { Jobs } from './jobs.ts';
import { Lab } from './lab.ts';
import { resultOf } from './picture.ts';
import { programs } from './programs.ts';
import { Uploads } from './uploads.ts';

/** Between two reports of the progress of a check. */
const PROGRESS_MS = 100;
/** Finished checks that are kept. */
const MOST_CHECKS = 8;
/** Labs that run at a time. */
const MOST_LABS = 8;

const NOTHING_WATCHED: Pick<WatchEvent, 'rows' | 'flags' | 'counts' | 'records' | 'lost' | 'refusal'> = {
  rows: blankRows(0),
  flags: new BigUint64Array(),
  counts: new BigUint64Array(),
  records: NO_RECORDS,
  lost: 0n,
  refusal: '',
};

type Listener = <E extends keyof Events>(event: E, payload: Events[E]) => void;

export interface ServiceOptions {
  /** The program of native/labs/labs.c; without it there are no labs. */
  readonly labsProgram?: string;
  /**
   * Called before a program is started to trace it; throws if the program must not be started. Without this function no
   * program is started: to start programs is to execute with cr3scope's rights, not only to read.
   */
  readonly permitLaunch?: (wanted: Args<'startTrace'>) => Promise<void>;
  /** How the machine is read; without it the sources are all there will be, as those of a capture. */
  readonly machine?: PrivilegedMachine;
  /** The host of the virtual machine that is read. */
  readonly onHost?: Host;
  /** Without it, a page stays with what it shows. */
  readonly captures?: Captures;
  /** Shows a file in its folder if this page has saved it; throws if not. Without it, the page can't know where its files are. */
  readonly showSaved?: (path: string) => void;
  /** Without it, a page stays with its machine. */
  readonly connections?: Connections;
}

/** The way from a page to other machines. */
export interface Connections {
  hosts(): Result<'hosts'>;
  connect(wanted: Args<'connect'>): Promise<void>;
}

/** The way from a page to captures. */
export interface Captures {
  list(): Result<'captures'>;
  /** Asks the user for one; "" if they choose none. Only a desktop can. */
  choose?(): Promise<string>;
  /** Shows one; the name to greet with for it, "" if it is shown already. `lent`: the file is there only for this. */
  open(path: string, lent: boolean): Promise<string>;
}

/** A machine that the user can be asked for privileges to. */
export interface PrivilegedMachine {
  readonly privileges: Privileges;
  /** Asks, or does nothing while the user is being asked. */
  ask(): void;
  /** Calls `listener` when the privileges change; returns what ends that. */
  listen(listener: (privileges: Privileges) => void): () => void;
}

const NOTHING_TO_ASK: Privileges = { host: '', how: '', problem: null, mayAsk: false, asking: '' };

const NO_HOSTS: Result<'hosts'> = { recent: [], configured: [], asks: '' };

const gone = () => new Failed('the window is gone', 'Open it again.', 'ECANCELED');

/** Why programs and labs are not started where another machine is read. */
export const startedHereOnly = (host: string, what: string) =>
  new Failed(
    `${what} can be started only on the machine that cr3scope runs on, not on ${host}`,
    'Start cr3scope over there, or attach to a process that runs there.',
    'ENOTSUP',
  );

async function refuseLaunch(): Promise<void> {
  throw new Failed(
    'this browser may not start programs',
    'Start cr3scope with `serve --launch`, or use `cr3scope trace` in a terminal. Attaching to a process is possible.',
    'EPERM',
  );
}

export class Service implements Omit<Api, keyof Reads> {
  private readonly listeners = new Set<Listener>();
  private readonly jobs = new Jobs();
  private readonly checks = new Map<string, { readonly record: CheckRecord; readonly document: Document }>();
  private readonly samplers = new Map<string, () => void>();
  private readonly labs = new Map<string, Lab>();
  private readonly snapshots: Snapshots;
  private readonly documents: Documents;
  private readonly uploads = new Uploads();
  private readonly unlisten: (() => void) | undefined;
  private connecting = false;
  private closed = false;

  constructor(
    readonly explorer: Explorer,
    private readonly options: ServiceOptions = {},
  ) {
    this.unlisten = options.machine?.listen((privileges) => this.emit('privileges', privileges));
    this.snapshots = new Snapshots(explorer);
    this.documents = new Documents(explorer);
  }

  /** Subscribes to events; returns what ends the subscription. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A call from a transport. The arguments are checked. */
  async call(method: string, args: unknown): Promise<unknown> {
    if (this.closed) throw gone();
    if (!Object.hasOwn(METHODS, method)) throw new Failed(`no such method: ${method}`, 'Update the user interface.');
    const name = method as Method;
    const checked = METHODS[name].args.parse(args);
    if (isRead(name)) return (this.explorer[name] as (a: unknown) => Promise<unknown>)(checked);
    return (this[name] as (a: unknown) => Promise<unknown>)(checked);
  }

  privileges: Api['privileges'] = async () => this.options.machine?.privileges ?? NOTHING_TO_ASK;

  hostWalk: Api['hostWalk'] = async ({ pa, shift }) => {
    const { onHost } = this.options;
    if (!onHost) throw new Failed('this is not a virtual machine of this host', 'Start cr3scope with --vm.', 'ENOTSUP');
    return walkOnHost(this.explorer, onHost, pa, shift);
  };

  about: Api['about'] = async () => programs();

  askPrivileges: Api['askPrivileges'] = async () => {
    this.options.machine?.ask();
    return null;
  };

  hosts: Api['hosts'] = async () => this.options.connections?.hosts() ?? NO_HOSTS;

  connect: Api['connect'] = async (wanted) => {
    const { connections } = this.options;
    if (!connections) throw new Failed('this window can’t connect to other machines', 'Use --host.', 'ENOTSUP');
    if (this.connecting)
      throw new Failed('this window is connecting to a machine already', 'Wait until it has, or has failed.', 'EBUSY');
    this.connecting = true;
    try {
      await connections.connect(wanted);
      return null;
    } finally {
      this.connecting = false;
    }
  };

  captures: Api['captures'] = async () => this.options.captures?.list() ?? { recent: [] };

  chooseCapture: Api['chooseCapture'] = async () => this.options.captures?.choose?.() ?? '';

  upload: Api['upload'] = async ({ id, name, bytes, last }) => this.uploads.add(id, name, bytes, last);

  openCapture: Api['openCapture'] = async ({ path }) => {
    const { captures } = this.options;
    if (!captures) throw new Failed('this window can’t open other captures', 'Use --capture.', 'ENOTSUP');
    return captures.open(path, this.uploads.has(path));
  };

  startCheck: Api['startCheck'] = async ({ id, pid, startTicks, begin, end, bytes }) => {
    if (this.checks.has(id)) throw new Failed(`check ${id} exists`, 'Choose another id.', 'EEXIST');
    const collector = new PageCollector();
    let reported = performance.now();
    const onProgress = (event: Omit<CheckEvent, 'id'>) => {
      // A window that draws each batch would be slower than the check.
      if (!event.waiting && performance.now() - reported < PROGRESS_MS) return;
      reported = performance.now();
      this.emit('check', { ...event, id });
    };
    const onBatch = ({ pages }: CheckBatch) => collector.add(pages);
    this.jobs.start(
      id,
      () => this.explorer.check(pid, startTicks, begin, end, onProgress, { bytes, pages: true, onBatch }),
      (end) => {
        if ('error' in end)
          return this.emit('check', {
            id,
            done: 0n,
            total: 0n,
            counts: new BigUint64Array(VERDICTS.length),
            waiting: false,
            end,
          });
        this.checks.set(id, { record: end, document: collector.document(end, this.explorer) });
        for (const old of [...this.checks.keys()].slice(0, -MOST_CHECKS)) this.checks.delete(old);
        const { summary } = end;
        this.emit('check', {
          id,
          done: summary.pages,
          total: summary.pages,
          counts: summary.counts,
          waiting: false,
          end: { summary: resultOf(summary) },
        });
      },
    );
    return null;
  };

  checkRows: Api['checkRows'] = async ({ id }) => {
    const { runs, evidence, runsDropped, evidenceDropped } = this.finished(id).record;
    return { runs, evidence: [...evidence], runsDropped, evidenceDropped };
  };

  startSearch: Api['startSearch'] = async ({ id, pid, bytes, mask, limit }) => {
    const nothing = {
      waiting: false,
      address: new BigUint64Array(),
      pa: new BigUint64Array(),
      context: new Uint8Array(),
      knownFrom: new Uint8Array(),
      knownTo: new Uint8Array(),
    };
    let reached = { done: 0n, total: 0n };
    const everything = (1n << 64n) - 1n;
    this.jobs.start(
      id,
      () =>
        this.explorer.search(pid, 0n, everything, { bytes, mask }, limit, (batch) => {
          reached = { done: batch.done, total: batch.total };
          this.emit('search', { ...batch, id, end: null });
        }),
      (end) => this.emit('search', { id, ...reached, ...nothing, end }),
    );
    return null;
  };

  findNext: Api['findNext'] = ({ id, bytes, mask, from, back }) =>
    this.jobs.run(id, () => this.explorer.findNext({ bytes, mask }, from, back));

  startWatch: Api['startWatch'] = async ({ id, pid, startTicks, begin, end, intervalMs }) => {
    let reached = { ns: 0n, samples: 0n };
    const record = this.documents.recorded;
    const watch = () => {
      const job = this.explorer.watch(pid, startTicks, begin, end, intervalMs, (batch) => {
        const place = { pid, ...wholePages(begin, end) };
        if (batch.rows.va.length) record((recorder) => recorder.addWatch(place, batch));
        reached = { ns: batch.ns, samples: batch.samples };
        this.emit('watch', { ...batch, id, end: null });
      });
      this.samplers.set(id, job.sample);
      return job;
    };
    this.jobs.start(id, watch, (end) => {
      this.samplers.delete(id);
      const last = typeof end === 'boolean' ? { gone: end } : end;
      this.emit('watch', { id, ...reached, initial: false, ...NOTHING_WATCHED, end: last });
    });
    return null;
  };

  sampleWatch: Api['sampleWatch'] = async ({ id }) => {
    const sample = this.samplers.get(id);
    sample?.();
    return sample !== undefined;
  };

  startTrace: Api['startTrace'] = async (wanted) => {
    const { id, pid, follow, ...launch } = wanted;
    if (launch.arguments.length) {
      this.refuseThere('programs');
      await (this.options.permitLaunch ?? refuseLaunch)(wanted);
      if (this.closed) throw gone();
    }
    const record = this.documents.recorded;
    const onEvents = (events: Traced[]) => {
      record((recorder) => recorder.addTrace(events));
      this.emit('trace', { id, events, end: null });
    };
    const trace = () =>
      launch.arguments.length || pid
        ? this.explorer.trace({ ...launch, quiet: true }, pid, follow, onEvents) // a window has no terminal
        : this.explorer.traceMachine(onEvents);
    this.jobs.start(id, trace, (end) => {
      const last = typeof end === 'boolean' ? { cancelled: !end } : end;
      this.emit('trace', { id, events: [], end: last });
    });
    return null;
  };

  startLab: Api['startLab'] = async ({ id, name }) => {
    this.refuseThere('labs');
    if (this.labs.size >= MOST_LABS)
      throw new Failed(`${MOST_LABS} labs are running already`, 'End one of them.', 'EAGAIN');
    if (this.labs.has(id)) throw new Failed(`lab ${id} exists`, 'Choose another id.', 'EEXIST');
    this.labs.set(id, new Lab(this.explorer, this.options.labsProgram ?? '', name));
    return this.nextLab({ id });
  };

  nextLab: Api['nextLab'] = async ({ id }) => {
    const lab = this.labs.get(id);
    if (!lab) throw new Failed(`lab ${id} is not running`, 'Start it again.', 'ENOENT');
    try {
      const step = await lab.next();
      if (step.step === null) this.forget(id, lab);
      return step;
    } catch (error) {
      lab.end();
      this.forget(id, lab);
      throw error;
    }
  };

  /** Another lab may have the id by now. */
  private forget(id: string, lab: Lab): void {
    if (this.labs.get(id) === lab) this.labs.delete(id);
  }

  endLab: Api['endLab'] = async ({ id }) => {
    this.labs.get(id)?.end();
    return this.labs.delete(id);
  };

  startExport: Api['startExport'] = async ({ id, check, ...wanted }) => {
    const { format } = wanted;
    // In a window on a capture, the file has everything.
    const kept = check && !this.explorer.sources.facts.capture ? this.finished(check).document : undefined;
    let at: Written = { processes: 0, of: 0, done: 0n, total: 0n };
    const onProgress = (next: Written) => {
      at = next;
      this.emit('export', { id, ...at, end: null });
    };
    const abort = new AbortController();
    const follower = { onProgress, signal: abort.signal };
    const write = () =>
      kept && format !== 'cr3scope'
        ? this.documents.writeCheck({ ...kept, notes: wanted.notes }, format, follower)
        : this.documents.write(wanted, follower);
    this.jobs.start(
      id,
      () => ({ promise: write(), cancel: () => abort.abort() }),
      (end) => this.emit('export', { id, ...at, end }),
    );
    return null;
  };

  startRecording: Api['startRecording'] = async ({ id }) => {
    await this.documents.record(id);
    return null;
  };

  stopRecording: Api['stopRecording'] = ({ id, notes }) => this.documents.endRecording(id, notes);

  cancel: Api['cancel'] = async ({ id }) => this.jobs.cancel(id);

  /** Opens the file that is offered to the page at a URL path; the caller closes it. */
  take(path: string): { fd: number; size: number } | undefined {
    return this.documents.download.take(path) ?? this.snapshots.download.take(path);
  }

  takeSnapshot: Api['takeSnapshot'] = ({ id, pid, startTicks }) =>
    this.snapshots.take(id, pid ? [{ pid, startTicks }] : []);

  openSnapshot: Api['openSnapshot'] = async ({ id, path }) => this.snapshots.open(id, path);

  compare: Api['compare'] = ({ before, after }) => this.snapshots.compare(before, after);

  exportComparison: Api['exportComparison'] = ({ format }) => this.snapshots.export(format);

  dropSnapshot: Api['dropSnapshot'] = async ({ id }) => this.snapshots.drop(id);

  showSaved: Api['showSaved'] = async ({ path }) => {
    const { showSaved } = this.options;
    if (!showSaved)
      throw new Failed('a browser keeps to itself where it saves files', 'Look into its downloads.', 'ENOTSUP');
    showSaved(path);
    return null;
  };

  /** Cancels all jobs and removes all snapshots and files. No method can be called afterwards. */
  close(): void {
    this.closed = true;
    this.unlisten?.();
    this.listeners.clear();
    this.jobs.cancelAll();
    for (const lab of this.labs.values()) lab.end();
    this.labs.clear();
    this.snapshots.clear();
    this.documents.clear();
    this.uploads.clear();
  }

  private refuseThere(what: string): void {
    const host = this.options.machine?.privileges.host;
    if (host) throw startedHereOnly(host, what);
  }

  private finished(id: string) {
    const check = this.checks.get(id);
    if (!check) throw new Failed(`check ${id} is not kept any more`, 'Run the check again.', 'ENOENT');
    return check;
  }

  private emit: Listener = (event, payload) => {
    for (const listener of this.listeners) listener(event, payload);
  };
}
