// SPDX-License-Identifier: GPL-2.0-only
// Places in physical memory with notes, kept by this browser until the machine boots anew.
import { Popover } from '@base-ui/react/popover';
import { Bookmark, X } from 'lucide-react';
import { hex } from '../../../contract/format.ts';
import { removeBookmark, setBookmark, useBookmarks } from '../../state/bookmarks.ts';
import { openAddress, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import '../../parts/popup.css';
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
    <Popover.Root>
      <Popover.Trigger className="icon-button" aria-label="Bookmarks" title="Bookmarks">
        <Bookmark size={13} aria-hidden="true" fill={marked ? 'currentColor' : 'none'} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} className="layer">
          <Popover.Popup className="popup wide bookmarks">
            <Popover.Title className="popup-title">Bookmarks</Popover.Title>
            {mine.length === 0 && <p className="dim">None yet. A bookmark keeps a physical address with a note.</p>}
            {mine.map((b) => (
              <div key={b.pa} className="bookmark">
                <button type="button" className="link num" onClick={() => openAddress(BigInt(`0x${b.pa}`))}>
                  {b.pa.padStart(9, '0')}
                </button>
                <input
                  aria-label={`Note for ${b.pa}`}
                  placeholder="note"
                  value={b.note}
                  onChange={(e) => setBookmark({ ...b, note: e.target.value })}
                />
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Remove ${b.pa}`}
                  onClick={() => removeBookmark(b)}
                >
                  <X size={13} aria-hidden="true" />
                </button>
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
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
