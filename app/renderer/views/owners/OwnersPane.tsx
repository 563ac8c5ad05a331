// SPDX-License-Identifier: GPL-2.0-only
// The owners of a frame: every process and address that maps it, from the reverse map.
import { RefreshCw } from 'lucide-react';
import { useEffect } from 'react';
import type { Owners } from '../../../contract/api.ts';
import { clock, count, hex, hexVa } from '../../../contract/format.ts';
import { accessWords, reconcile } from '../../../contract/owners.ts';
import { levelName, pageSizeName, pfnOf } from '../../../contract/paging.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { TitleButton } from '../../parts/IconButton.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { placeUnder } from '../../parts/rowKeys.ts';
import { type Actions, addressActions, processActions } from '../../state/actions.ts';
import { useMemory } from '../../state/memory.ts';
import { goTo } from '../../state/navigate.ts';
import { askOwners, useOwners } from '../../state/owners.ts';
import { useProcesses } from '../../state/processes.ts';
import type { Space } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { menuOf } from '../common/menu.tsx';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/listing.css';
import './owners.css';

/** The name of a process, from the list. */
const useNameOf = () => {
  const processes = useProcesses((s) => s.processes);
  return (pid: number) => processes?.name[processes.pid.indexOf(pid)] ?? 'gone';
};

function Mappings({ owners: o }: { owners: Owners }) {
  const nameOf = useNameOf();
  const spaceOf = (i: number): Space => {
    const pid = o.pid[i] as number;
    return { pid, startTicks: o.startTicks[i] as bigint, name: nameOf(pid) };
  };
  function itemsOf(target: HTMLElement) {
    const i = placeUnder(target);
    if (i === undefined) return [];
    const [page, copies = []] = addressActions(spaceOf(i), o.va[i] as bigint);
    return menuOf([...(o.still[i] ? [page as Actions] : []), copies, ...processActions(spaceOf(i))]);
  }
  return (
    <ContextMenu itemsOf={itemsOf} area={<table className="listing" />}>
      <thead>
        <tr>
          <th>Process</th>
          <th>Address</th>
          <th>Access</th>
        </tr>
      </thead>
      <tbody>
        {Array.from(o.pid, (pid, i) => {
          const va = o.va[i] as bigint;
          const sharers = o.sharers[i] ?? [];
          return (
            <tr key={`${pid} ${va}`} data-at={i}>
              <td>
                <span className="num">{pid}</span> <span className="name">{nameOf(pid)}</span>
                {sharers.length > 0 && <div className="dim">shares its address space with {sharers.join(', ')}</div>}
              </td>
              <td className="num">
                <LinkButton num disabled={!o.still[i]} onClick={() => void goTo(spaceOf(i), va)}>
                  {hexVa(va)}
                </LinkButton>
              </td>
              <td>
                {o.still[i]
                  ? `${pageSizeName(o.shift[i] as number)} · ${accessWords(o.access[i] as number)}`
                  : 'no longer: changed since the walk'}
              </td>
            </tr>
          );
        })}
      </tbody>
    </ContextMenu>
  );
}

/** The tables that the frame is, of the address spaces that use it as one. */
function TableOf({ owners: o }: { owners: Owners }) {
  const nameOf = useNameOf();
  const levels = useTarget((s) => s.target?.levels ?? 4);
  return Array.from(o.tablePid, (pid, i) => {
    const va = o.tableVa[i] as bigint;
    return (
      <p key={`${pid} ${o.tableLevel[i]} ${va}`}>
        It is a {levelName(o.tableLevel[i] as number, levels)} table of {pid} {nameOf(pid)}, from{' '}
        <LinkButton
          num
          onClick={() => void goTo({ pid, startTicks: o.tableStart[i] as bigint, name: nameOf(pid) }, va)}
        >
          {hexVa(va)}
        </LinkButton>
      </p>
    );
  });
}

/** `at`: when the walk ended that answers. */
function Found({ owners: o, at }: { owners: Owners; at: Date | undefined }) {
  const target = useTarget((s) => s.target);
  const recorded = !!target?.capture;
  return (
    <div className="scroll fill owners" tabIndex={0} role="group" aria-label="Mappings">
      <p role="status">
        {o.pid.length === 0 ? 'No process maps it.' : `Mapped ${count(o.pid.length)}×.`}{' '}
        {target && reconcile(o, target)}
        {!recorded && at && ` As of the walk at ${clock(at)}.`}
      </p>
      {o.pid.length > 0 && <Mappings owners={o} />}
      <TableOf owners={o} />
      <p className="dim">
        {count(o.spaces)} address spaces with {count(o.pages)} mapped pages, walked in{' '}
        {(Number(o.tookNs) / 1e6).toFixed(0)} ms
        {o.gone > 0n && `; left out: ${count(o.gone)} that went away`}
        {o.raced > 0n && `; left out: ${count(o.raced)} tables that changed`}
      </p>
    </div>
  );
}

export function OwnersPane() {
  const asked = useOwners((s) => s.asked);
  const pfn = useMemory((s) => (s.cursor === undefined ? undefined : pfnOf(s.cursor)));
  const answer = asked?.pfn === pfn ? asked : undefined;
  useEffect(() => {
    if (pfn !== undefined && useOwners.getState().asked?.pfn !== pfn) void askOwners(pfn);
  }, [pfn]);
  if (pfn === undefined)
    return (
      <Pane label="Mapped by">
        <Empty title="No frame is open">Choose a page that maps one, or paste a frame number into the box above.</Empty>
      </Pane>
    );
  return (
    <Pane label="Mapped by">
      <PaneTitle title={`Frame ${hex(pfn)}`}>
        <span className="spacer" />
        <TitleButton
          icon={RefreshCw}
          label="Walk again"
          title="Walk every address space again"
          disabled={!answer?.found && !answer?.error}
          onClick={() => void askOwners(pfn, true)}
        />
        <PlaceMenu place={{ view: 'owners', pfn }} what="these owners" />
      </PaneTitle>
      {answer?.error ? (
        <FailureNote failure={answer.error} />
      ) : answer?.found ? (
        <Found owners={answer.found} at={answer.at} />
      ) : (
        <div aria-busy="true">
          <Empty title="Walking every address space…" />
        </div>
      )}
    </Pane>
  );
}
