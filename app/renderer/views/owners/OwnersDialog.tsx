// SPDX-License-Identifier: GPL-2.0-only
// The owners of a frame: every process and address that maps it, from the reverse map.
import { count, hex, hexVa } from '../../../contract/format.ts';
import { accessWords, reconcile } from '../../../contract/owners.ts';
import { levelName, pageSizeName } from '../../../contract/paging.ts';
import { Empty } from '../../parts/Empty.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Modal, ModalClose, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { goTo } from '../../state/navigate.ts';
import { askOwners, closeOwners, useOwners } from '../../state/owners.ts';
import { useProcesses } from '../../state/processes.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/listing.css';

/** "3 s ago", roughly. */
function age(ns: bigint): string {
  const seconds = Number(ns / 1_000_000_000n);
  return seconds < 2 ? 'just now' : seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}

export function OwnersDialog() {
  const asked = useOwners((s) => s.asked);
  const processes = useProcesses((s) => s.processes);
  const nameOf = (pid: number) => processes?.name[processes.pid.indexOf(pid)] ?? 'gone';
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const o = asked?.found;
  return (
    <Modal open={asked !== undefined} onClose={closeOwners} className="wide-dialog">
      {asked && (
        <>
          <ModalTitle>
            Who maps frame <span className="num">{hex(asked.pfn)}</span>
          </ModalTitle>
          {asked.error && <Empty title={asked.error.message}>{asked.error.remedy}</Empty>}
          {!o && !asked.error && <p className="dim">Walking every address space…</p>}
          {o && (
            <>
              <ModalText>
                {o.pid.length === 0 ? 'No process maps it.' : `Mapped ${count(o.pid.length)}×.`} {reconcile(o)}
              </ModalText>
              {o.pid.length > 0 && (
                <div className="scroll" tabIndex={0} role="group" aria-label="Mappings">
                  <table className="listing">
                    <thead>
                      <tr>
                        <th>PID</th>
                        <th>Name</th>
                        <th>Address</th>
                        <th>Page</th>
                        <th>Access</th>
                      </tr>
                    </thead>
                    <tbody>
                      {Array.from(o.pid, (pid, i) => (
                        <tr key={`${pid} ${o.va[i]}`}>
                          <td className="num">{pid}</td>
                          <td>
                            {nameOf(pid)}
                            {(o.sharers[i]?.length ?? 0) > 0 && (
                              <span className="dim"> · shares its address space with {o.sharers[i]?.join(', ')}</span>
                            )}
                          </td>
                          <td className="num">
                            <LinkButton
                              disabled={!o.still[i]}
                              onClick={() =>
                                void goTo(
                                  { pid, startTicks: o.startTicks[i] as bigint, name: nameOf(pid) },
                                  o.va[i] as bigint,
                                )
                              }
                            >
                              {hexVa(o.va[i] as bigint)}
                            </LinkButton>
                          </td>
                          <td>{o.still[i] ? pageSizeName(o.shift[i] as number) : ''}</td>
                          <td>
                            {o.still[i] ? accessWords(o.access[i] as number) : 'no longer: changed since the walk'}
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
              {Array.from(o.tablePid, (pid, i) => (
                <p key={`${pid} ${o.tableLevel[i]} ${o.tableVa[i]}`}>
                  It is a {levelName(o.tableLevel[i] as number, levels)} table of {pid} {nameOf(pid)}, from{' '}
                  <LinkButton
                    num
                    onClick={() =>
                      void goTo(
                        { pid, startTicks: o.tableStart[i] as bigint, name: nameOf(pid) },
                        o.tableVa[i] as bigint,
                      )
                    }
                  >
                    {hexVa(o.tableVa[i] as bigint)}
                  </LinkButton>
                </p>
              ))}
              <div className="buttons">
                <span className="dim">
                  {count(o.spaces)} address spaces with {count(o.pages)} mapped pages, walked in{' '}
                  {(Number(o.tookNs) / 1e6).toFixed(0)} ms, {age(o.ageNs)}
                  {o.gone > 0n && `; left out: ${count(o.gone)} that went away`}
                  {o.raced > 0n && `; left out: ${count(o.raced)} tables that changed`}
                </span>
                <span>
                  <button type="button" onClick={() => void askOwners(asked.pfn, true)}>
                    Walk again
                  </button>{' '}
                  <PlaceMenu place={{ view: 'owners', pfn: asked.pfn }} what="these owners" />{' '}
                  <ModalClose>Close</ModalClose>
                </span>
              </div>
            </>
          )}
        </>
      )}
    </Modal>
  );
}
