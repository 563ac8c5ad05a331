// SPDX-License-Identifier: GPL-2.0-only
// The notes at a page or a frame: to read, write, edit and delete.
import { Pencil, StickyNote, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { MOST_NOTE, type Note } from '../../../contract/api.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { isSamePlace, refuseNote, removeNote, setNote, useNotesHere } from '../../state/notes.ts';
import './notes.css';

interface Edited {
  /** Undefined: a new note. */
  readonly id?: string;
  readonly text: string;
}

function NoteForm({ edited, onSave, onCancel }: { edited: Edited; onSave(text: string): void; onCancel(): void }) {
  const [text, setText] = useState(edited.text);
  const input = useRef<HTMLInputElement>(null);
  // Whoever asked for the form wants to write.
  useEffect(() => input.current?.focus(), []);
  const trimmed = text.trim();
  const why = trimmed ? refuseNote(trimmed) : '';
  return (
    <form
      className="note-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed && !why) onSave(trimmed);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onCancel();
      }}
    >
      <input
        ref={input}
        aria-label="Note"
        maxLength={MOST_NOTE}
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <button type="submit" disabled={!trimmed || why !== ''}>
        Save
      </button>
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      {why && (
        <span className="bad" role="alert">
          {why}
        </span>
      )}
    </form>
  );
}

/** `where` names the place, and with it the notes that are shown. */
export function NoteBox({ on, where }: { on: Note['on']; where: string }) {
  const notes = useNotesHere().filter((note) => isSamePlace(note.on, on));
  const [edited, setEdited] = useState<Edited>();
  // What is being written belongs to one place.
  useEffect(() => setEdited(undefined), [where]);
  return (
    <section className="notes" aria-label={`Notes at ${where}`}>
      {notes.map((note) => (
        <p key={note.id} className="noted">
          <StickyNote size={12} aria-hidden="true" />
          <span className="noted-text" title={`Written ${note.at}${note.own ? '' : ', in the capture'}`}>
            {note.text}
          </span>
          {note.own && (
            <>
              <IconButton icon={Pencil} size={12} label="Edit the note" title="Edit" onClick={() => setEdited(note)} />
              <IconButton
                icon={Trash2}
                size={12}
                label="Delete the note"
                title="Delete"
                onClick={() => removeNote(note.id)}
              />
            </>
          )}
        </p>
      ))}
      {edited ? (
        <NoteForm
          key={edited.id ?? ''}
          edited={edited}
          onSave={(text) => {
            setNote(on, text, edited.id);
            setEdited(undefined);
          }}
          onCancel={() => setEdited(undefined)}
        />
      ) : (
        <button type="button" className="quiet-button" onClick={() => setEdited({ text: '' })}>
          <StickyNote size={12} aria-hidden="true" /> Add a note
        </button>
      )}
    </section>
  );
}
