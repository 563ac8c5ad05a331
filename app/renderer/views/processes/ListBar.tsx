// SPDX-License-Identifier: GPL-2.0-only
// How the list of processes is shown, and the walk that its columns Private and Shared need.
import { Footprints } from 'lucide-react';
import { useState } from 'react';
import { clock } from '../../../contract/format.ts';
import { Toggle } from '../../parts/Toggle.tsx';
import { useProcesses, walkProcesses } from '../../state/processes.ts';
import { useProcessList } from '../../state/processList.ts';
import { useTarget } from '../../state/target.ts';

/** When the walk ended that Private and Shared are by. */
function WalkButton() {
  const listed = useProcesses((s) => s.listed);
  const [walking, setWalking] = useState(false);
  const age = listed?.walkAgeNs;
  const at = age == null ? undefined : new Date(Date.now() - Number(age / 1_000_000n));
  const said = walking ? 'walking…' : at ? `walked ${clock(at)}` : 'not yet walked';
  return (
    <button
      type="button"
      className="quiet-button walk-button"
      disabled={walking}
      title={`Walk every address space, to count the frames that each process maps alone and with others: ${said}`}
      onClick={() => {
        setWalking(true);
        void walkProcesses().finally(() => setWalking(false));
      }}
    >
      <Footprints size={12} aria-hidden="true" /> <span className="ellipsis">{said}</span>
    </button>
  );
}

export function ListBar() {
  const { tree, follow } = useProcessList();
  const captured = useTarget((s) => s.target?.capture != null);
  return (
    <div className="toolbar">
      <Toggle
        label="Form of the list"
        choices={{ flat: 'List', tree: 'Tree' }}
        chosen={tree ? 'tree' : 'flat'}
        onChoose={(form) => useProcessList.setState({ tree: form === 'tree' })}
      />
      {!captured && (
        <>
          <label className="check" title="The list changes by itself, and marks what comes and goes">
            <input
              type="checkbox"
              checked={follow}
              onChange={(event) => useProcessList.setState({ follow: event.target.checked })}
            />{' '}
            follow
          </label>
          <span className="spacer" />
          <WalkButton />
        </>
      )}
    </div>
  );
}
