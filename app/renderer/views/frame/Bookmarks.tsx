// SPDX-License-Identifier: GPL-2.0-only
// Bookmarks in physical memory. This browser keeps them; they are valid until the machine reboots.
import { Bookmark, X } from 'lucide-react';
import { hex } from '../../../contract/format.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Popup } from '../../parts/Popup.tsx';
import { removeBookmark, setBookmark, useBookmarks } from '../../state/bookmarks.ts';
import { openAddress, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import './bookmarks.css';

export function Bookmarks() {
  const bootId = useTarget((s) => s.target?.bootId);
  const all = useBookmarks((s) => s.bookmarks);
  const cursor = useMemory((s) => s.cursor);
  if (bootId === undefined || cursor === undefined) return null;
  const here = hex(cursor);
  const mine = all.filter((b) => b.bootId === bootId);
  const stale = all.filter((b) => b.bootId !== bootId);
  const marked = mine.some((b) => b.pa === here);
  return (
    <Popup
      trigger={{
        className: 'icon-button',
        label: 'Bookmarks',
        title: 'Bookmarks',
        content: <Bookmark size={13} aria-hidden="true" fill={marked ? 'currentColor' : 'none'} />,
      }}
      title="Bookmarks"
      className="wide bookmarks"
      offset={4}
      align="center"
    >
      {mine.length === 0 && <p className="dim">None yet. A bookmark keeps a physical address with a note.</p>}
      {mine.map((b) => (
        <div key={b.pa} className="bookmark">
          <LinkButton num onClick={() => openAddress(BigInt(`0x${b.pa}`))}>
            {b.pa.padStart(9, '0')}
          </LinkButton>
          <input
            aria-label={`Note for ${b.pa}`}
            placeholder="note"
            value={b.note}
            onChange={(e) => setBookmark({ ...b, note: e.target.value })}
          />
          <IconButton icon={X} label={`Remove ${b.pa}`} onClick={() => removeBookmark(b)} />
        </div>
      ))}
      <div className="buttons">
        <button type="button" disabled={marked} onClick={() => setBookmark({ bootId, pa: here, note: '' })}>
          Bookmark {here.padStart(9, '0')}
        </button>
        {stale.length > 0 && (
          <button type="button" onClick={() => stale.forEach(removeBookmark)}>
            Remove {stale.length} from before this boot
          </button>
        )}
      </div>
    </Popup>
  );
}
