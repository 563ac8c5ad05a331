// SPDX-License-Identifier: GPL-2.0-only
// Opens a capture or a memory image: one of the last, a file of the user's choice, or one at a path.
import { FolderOpen } from 'lucide-react';
import { useState } from 'react';
import { Coded } from '../../parts/Coded.tsx';
import { Modal, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { chooseCapture, closeCaptures, openCapture, useCaptures } from '../../state/captures.ts';
import './open.css';

export function OpenDialog() {
  const { open, recent, busy, error } = useCaptures();
  const [path, setPath] = useState('');
  return (
    <Modal open={open} onClose={closeCaptures} className="open-capture">
      <ModalTitle>Open a capture or a memory image</ModalTitle>
      <ModalText className="dim">
        A capture is checked by its hashes before any of it is shown. In an image, Linux is found from its memory alone.
        A file can also be dropped onto the window.
      </ModalText>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (path.trim()) void openCapture(path.trim());
        }}
      >
        <label>
          Path on the machine that cr3scope runs on
          <input
            className="num"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            placeholder="/path/to/now.cr3scope"
            autoComplete="off"
            spellCheck={false}
            disabled={busy !== ''}
          />
        </label>
        {recent.length > 0 && (
          <ul aria-label="Files that were opened last">
            {recent.map(({ path: one, missing }) => (
              <li key={one}>
                <button type="button" disabled={busy !== '' || missing} onClick={() => void openCapture(one)}>
                  <span>{one.split('/').at(-1)}</span> <span className="dim">{one.replace(/[^/]*$/, '')}</span>
                </button>
                {missing && <span className="bad">is not there any more</span>}
              </li>
            ))}
          </ul>
        )}
        {busy && <p role="status">{busy}</p>}
        {error && (
          <p role="alert" className="complaint">
            {error.message}. <Coded text={error.remedy} />
          </p>
        )}
        <div className="buttons">
          <button type="button" onClick={closeCaptures}>
            Cancel
          </button>
          <button type="button" disabled={busy !== ''} onClick={() => void chooseCapture()}>
            <FolderOpen size={13} aria-hidden="true" /> Choose a file…
          </button>
          <button type="submit" className="primary" disabled={busy !== '' || !path.trim()}>
            Open
          </button>
        </div>
      </form>
    </Modal>
  );
}
