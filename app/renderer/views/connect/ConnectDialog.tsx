// SPDX-License-Identifier: GPL-2.0-only
// Connects to another machine by ssh.
import { Cable } from 'lucide-react';
import { useState } from 'react';
import { Modal, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { closeConnections, connectTo, useConnections } from '../../state/connections.ts';
import './connect.css';

/** What of a failure can be answered with a button. */
function Answer({ code, host }: { code: string; host: string }) {
  if (code === 'ENOHELPER')
    return (
      <button type="button" onClick={() => void connectTo(host, { mayCopy: true })}>
        Copy it and connect
      </button>
    );
  if (code === 'EPERM')
    return (
      <button type="button" onClick={() => void connectTo(host, { mayCopy: true, privileges: false })}>
        Connect without privileges
      </button>
    );
  return null;
}

export function ConnectDialog() {
  const { open, hosts, host: connecting, error } = useConnections();
  const [host, setHost] = useState('');
  const busy = connecting !== '';
  const known = [...new Set([...hosts.recent, ...hosts.configured])];
  return (
    <Modal open={open} onClose={closeConnections} className="connect">
      <ModalTitle>Connect to another machine</ModalTitle>
      <ModalText className="dim">
        Its memory is read by a helper that ssh starts there. It needs Linux on x86-64 and a login as root, or with
        sudo.{' '}
        {hosts.asks
          ? `ssh asks for passwords ${hosts.asks}.`
          : 'ssh can’t ask for a password here: use a key with ssh-agent, or start cr3scope from a terminal.'}
      </ModalText>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void connectTo(host.trim());
        }}
      >
        <label>
          Machine
          <input
            value={host}
            onChange={(event) => setHost(event.target.value)}
            placeholder="user@machine"
            autoComplete="off"
            spellCheck={false}
            disabled={busy}
          />
        </label>
        {known.length > 0 && (
          <ul className="hosts" aria-label="Known machines">
            {known.map((name) => (
              <li key={name}>
                <button
                  type="button"
                  className={name === host ? 'chosen' : ''}
                  disabled={busy}
                  onClick={() => setHost(name)}
                >
                  {name}
                </button>
              </li>
            ))}
          </ul>
        )}
        {busy && <p role="status">Connecting to {connecting}…</p>}
        {error && (
          <div role="alert">
            <p className={error.code === 'ENOHELPER' ? '' : 'complaint'}>
              {error.message}
              {error.remedy && `. ${error.remedy}`}
            </p>
            <Answer code={error.code} host={host.trim()} />
          </div>
        )}
        <div className="buttons">
          <button type="button" onClick={closeConnections}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={busy || host.trim() === ''}>
            <Cable size={13} aria-hidden="true" /> Connect
          </button>
        </div>
      </form>
    </Modal>
  );
}
