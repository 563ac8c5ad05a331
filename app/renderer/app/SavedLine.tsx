// SPDX-License-Identifier: GPL-2.0-only
// Where the last file was saved, its size and its SHA-256.
import { Copy, FolderOpen, X } from 'lucide-react';
import { bytes } from '../../contract/format.ts';
import { IS_DESKTOP } from '../lib/client.ts';
import { IconButton } from '../parts/IconButton.tsx';
import { copyText } from '../state/clipboard.ts';
import { forgetSaved, showInFolder, useSaved } from '../state/saved.ts';
import './status.css';

export function SavedLine() {
  const last = useSaved((s) => s.last);
  if (!last) return null;
  const { file, bytes: size, sha256 } = last;
  return (
    <div className="saved" role="status">
      <span className="saved-what">
        <strong>{file}</strong> {IS_DESKTOP ? 'is saved' : 'is in the downloads of this browser'}: {bytes(size)},
        SHA-256 <span className="num">{sha256}</span>
      </span>
      <span className="spacer" />
      {IS_DESKTOP && (
        <button type="button" onClick={() => void showInFolder(file)}>
          <FolderOpen size={13} aria-hidden="true" /> Show in folder
        </button>
      )}
      <button type="button" onClick={() => copyText(IS_DESKTOP ? file : sha256)}>
        <Copy size={13} aria-hidden="true" /> {IS_DESKTOP ? 'Copy path' : 'Copy SHA-256'}
      </button>
      <IconButton icon={X} label="Dismiss" title="Dismiss (Esc)" onClick={forgetSaved} />
    </div>
  );
}
