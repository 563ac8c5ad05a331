// SPDX-License-Identifier: GPL-2.0-only
// All notes of this machine or capture, each with the way to its place.
import { hex, hexVa } from '../../../contract/format.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { Empty } from '../../parts/Empty.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { openFrame } from '../../state/memory.ts';
import { goTo } from '../../state/navigate.ts';
import { type ShownNote, useNotesHere } from '../../state/notes.ts';
import '../common/notes.css';

function Place({ on }: { on: ShownNote['on'] }) {
  if (on.kind === 'frame')
    return (
      <LinkButton num onClick={() => openFrame(on.pfn)}>
        frame {hex(on.pfn)}
      </LinkButton>
    );
  return (
    <>
      <LinkButton num onClick={() => void goTo(on, on.va)}>
        {hexVa(on.va)}
      </LinkButton>{' '}
      <span className="dim">
        of {on.pid} {on.name}
      </span>{' '}
      {on.verdict !== null && <VerdictChip verdict={VERDICT.name(on.verdict)} />}
    </>
  );
}

export function NotesPane() {
  const notes = useNotesHere();
  return (
    <Pane label="Notes">
      <PaneTitle title="Notes" />
      {notes.length === 0 ? (
        <Empty title="Nothing is noted yet">
          The tabs Walk and Frame have a button that notes something at the chosen page or frame. Notes go along into
          captures and reports.
        </Empty>
      ) : (
        <div className="scroll fill" tabIndex={0} role="group" aria-label="All notes">
          {notes.map((note) => (
            <div key={note.id} className="notes">
              <Place on={note.on} />
              <p className="noted">
                <span className="noted-text">{note.text}</span>
              </p>
              <span className="dim">
                {note.at.slice(0, 16).replace('T', ' ')}
                {!note.own && ' · in the capture'}
              </span>
            </div>
          ))}
        </div>
      )}
    </Pane>
  );
}
