// SPDX-License-Identifier: GPL-2.0-only
// What the chosen process shares with another: frames that both map, and addresses at which they map different ones.
import { useEffect, useMemo, useState } from 'react';
import type { Failure, Shared } from '../../../contract/api.ts';
import { bytes, count, hexVa } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { explorer, failure } from '../../lib/client.ts';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Modal, ModalClose, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { goTo } from '../../state/navigate.ts';
import { useProcesses } from '../../state/processes.ts';
import { setSharing, useSharing } from '../../state/sharing.ts';
import { useSpace } from '../../state/space.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import '../../parts/listing.css';

/** The number of rows shown; further ones are only counted. */
const MOST_ROWS = 500;

export function SharedDialog() {
  const open = useSharing((s) => s.open);
  const space = useSpace((s) => s.space);
  const processes = useProcesses((s) => s.processes);
  const [other, setOther] = useState<string>('');
  const [found, setFound] = useState<Shared>();
  const [error, setError] = useState<Failure>();
  const others = useMemo(
    () =>
      processes
        ? Array.from(processes.pid, (pid, i) => ({
            pid,
            startTicks: processes.startTicks[i] as bigint,
            name: processes.name[i] as string,
            root: processes.rootPa[i] as bigint,
          })).filter((p) => p.root !== 0n && p.pid !== space?.pid)
        : [],
    [processes, space],
  );
  const chosen = others.find((p) => String(p.pid) === other);
  const startTicks = chosen?.startTicks;
  useEffect(() => {
    setFound(undefined);
    setError(undefined);
    if (!open || !space || startTicks === undefined) return;
    let current = true;
    explorer()
      .call('shared', { pid: space.pid, startTicks: space.startTicks, other: Number(other), otherStart: startTicks })
      .then(
        (result) => current && setFound(result),
        (reason) => current && setError(failure(reason)),
      );
    return () => {
      current = false;
    };
  }, [open, space, other, startTicks]);
  if (!space) return null;
  return (
    <Modal open={open} onClose={() => setSharing(false)} className="wide-dialog">
      <ModalTitle>
        What {space.pid} {space.name} shares
      </ModalTitle>
      <label>
        with{' '}
        <select aria-label="The other process" value={other} onChange={(e) => setOther(e.target.value)}>
          <option value="">choose a process…</option>
          {others.map((p) => (
            <option key={p.pid} value={p.pid}>
              {p.pid} {p.name}
            </option>
          ))}
        </select>
      </label>
      {error && <FailureNote failure={error} />}
      {chosen && !found && !error && <p className="dim">Reading both trees of tables…</p>}
      {found && chosen && (
        <>
          <ModalText>
            {count(found.shared)} pages ({bytes(pageBytes(found.shared))}) lead to the same frames; at{' '}
            {count(found.copies)} addresses each has a frame of its own, as after copy on write. The zero pages are left
            out.
          </ModalText>
          {found.pages.length > 0 && (
            <div className="scroll" tabIndex={0} role="group" aria-label="Stretches of pages">
              <table className="listing">
                <thead>
                  <tr>
                    <th>In {space.pid}</th>
                    <th>In {chosen.pid}</th>
                    <th>Pages</th>
                    <th>What</th>
                  </tr>
                </thead>
                <tbody>
                  {Array.from(found.pages.subarray(0, MOST_ROWS), (pages, i) => (
                    <tr key={`${found.vaA[i]} ${found.vaB[i]}`}>
                      {[
                        { process: space, va: found.vaA[i] as bigint },
                        { process: chosen, va: found.vaB[i] as bigint },
                      ].map(({ process, va }) => (
                        <td key={process.pid} className="num">
                          <LinkButton
                            onClick={() => {
                              setSharing(false);
                              void goTo(process, va);
                            }}
                          >
                            {hexVa(va)}
                          </LinkButton>
                        </td>
                      ))}
                      <td className="num">{count(pages)}</td>
                      <td>{found.copy[i] ? 'frames of their own' : 'the same frames'}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
      <div className="buttons">
        <span className="dim">
          {found && found.pages.length > MOST_ROWS
            ? `${count(found.pages.length - MOST_ROWS)} more stretches: cr3scope shared ${space.pid} ${other}`
            : 'Each process is shown as it was at one moment.'}
        </span>
        <ModalClose>Close</ModalClose>
      </div>
    </Modal>
  );
}
