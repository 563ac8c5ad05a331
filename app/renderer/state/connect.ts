// SPDX-License-Identifier: GPL-2.0-only
// Connects the stores to the explorer, and passes its events on to them.
import { z } from 'zod';
import { NO_PRIVILEGES, type Privileges } from '../../contract/api.ts';
import { parseFragment, parseLink } from '../../contract/link.ts';
import { explorer, failure, openClient } from '../lib/client.ts';
import { opening } from '../lib/opening.ts';
import { saved } from '../lib/saved.ts';
import { followCheck, useCheck } from './check.ts';
import { runCommand } from './commands.ts';
import { followExport } from './export.ts';
import { listenToKeys } from './keys.ts';
import { selectProcess, selectVa, visit } from './navigate.ts';
import { dismissNotice } from './notice.ts';
import { keepPlaces } from './places.ts';
import { followPrivileges, usePrivileges } from './privileges.ts';
import { refreshProcesses, spaceAt, useProcesses } from './processes.ts';
import { keepReading } from './reading.ts';
import { followSaved } from './saved.ts';
import { followSearch } from './search.ts';
import { useSpace } from './space.ts';
import { holds, useTarget } from './target.ts';
import { keepTitle } from './title.ts';
import { followTrace } from './trace.ts';
import { lastView, show } from './view.ts';
import { followWatch } from './watch.ts';

/** Connects, subscribes to the events, and shows the first place. */
export async function connect(): Promise<void> {
  listenToKeys();
  try {
    const client = await openClient((lost) => useTarget.setState({ lost }));
    client.on('command', ({ name }) => runCommand(name));
    const target = await client.call('target', {}).catch(whyNoMachine);
    if (!target) return;
    useTarget.setState({ target });
    client.on('check', followCheck);
    useCheck.subscribe(({ check }, before) => {
      if (check?.summary && check.rows && !before.check?.rows && useSpace.getState().va === undefined)
        void selectVa(opening(check.summary, check.rows.runs));
    });
    client.on('search', followSearch);
    client.on('export', followExport);
    client.on('saved', followSaved);
    client.on('watch', followWatch);
    client.on('trace', followTrace);
    client.on('visit', ({ link }) => follow(link));
    client.on('privileges', (now) => void takePrivileges(now));
    const privileges = await client.call('privileges', {});
    usePrivileges.setState(privileges);
  } catch (error) {
    useTarget.setState({ lost: failure(error).message });
    return;
  }
  keepTitle();
  keepReading();
  keepPlaces();
  await refreshProcesses();
  const { link = '' } = parseFragment(window.location.hash);
  if (parseLink(link)) follow(link);
  else {
    show(lastView(useTarget.getState().target) ?? 'space');
    selectFirst();
  }
}

/** A window without a machine can still connect to others. */
function whyNoMachine(error: unknown): undefined {
  useTarget.setState({ noMachine: failure(error).message });
}

/** Reads again what can be read now. */
async function takePrivileges(now: Privileges): Promise<void> {
  const before = followPrivileges(now);
  if (now.problem || now.asking || !(before.problem || before.asking)) return;
  dismissNotice(); // it was of what could not be read
  // What an ordinary user could read says little of the machine, and nothing of it is evidence: all is read anew.
  if (before.how === NO_PRIVILEGES) return window.location.reload();
  const boot = useTarget.getState().target?.bootId;
  const target = await explorer().call('target', {});
  // Nothing that was read before the machine was started again is true of it now.
  if (target.bootId !== boot) return window.location.reload();
  useTarget.setState({ target });
  await refreshProcesses();
  const { space, regions } = useSpace.getState();
  if (space && !regions) await selectProcess(space);
}

function follow(link: string): void {
  const place = parseLink(link);
  if (place) void visit(place);
}

/**
 * The first process that has an address space and the name of the last one that was chosen, else the first that has one. A
 * capture may hold no pages of one, but a trace or a watch.
 */
function selectFirst(): void {
  const { processes } = useProcesses.getState();
  const { target } = useTarget.getState();
  if (!processes) return;
  const shows = (at: number) =>
    processes.rootPa[at] !== 0n && holds(target, processes.pid[at] as number, processes.startTicks[at] as bigint);
  const last = saved('process', z.string());
  const named = processes.name.findIndex((name, at) => name === last && shows(at));
  const first = named >= 0 ? named : processes.pid.findIndex((_, at) => shows(at));
  if (first >= 0) void selectProcess(spaceAt(processes, first));
  else if (target?.capture?.watched.length) show('watch');
  else if (target?.capture?.traced) show('trace');
}
