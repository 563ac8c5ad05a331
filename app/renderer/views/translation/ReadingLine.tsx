// SPDX-License-Identifier: GPL-2.0-only
// When the chosen page was read, whether that is still true, and the buttons to pin it or to read it again.
import { Pin, RefreshCw } from 'lucide-react';
import { clock } from '../../../contract/format.ts';
import { Banner } from '../../parts/Banner.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { useLife } from '../../state/processes.ts';
import { readAgain, togglePin } from '../../state/reading.ts';
import { type Reading, useSpace } from '../../state/space.ts';

export function ReadingLine({ reading }: { reading: Reading }) {
  const pinned = useSpace((s) => s.pinned);
  const life = useLife(useSpace((s) => s.space));
  const outdated = useSpace((s) => s.outdated);
  const readAt = useSpace((s) => s.readAt);
  return (
    <>
      <p className="reading-line">
        <span
          className={outdated ? 'bad' : 'dim'}
          title="The walk, the row of the page and its frame were read together"
        >
          {pinned ? 'pinned' : outdated ? 'last read' : 'live'} · as of{' '}
          <span className="num">{readAt && clock(readAt)}</span>
        </span>
        <span className="spacer" />
        {life !== 'gone' && (
          <>
            <button
              type="button"
              className="quiet-button"
              aria-pressed={pinned}
              title="Keep this reading while the page changes"
              onClick={togglePin}
            >
              <Pin size={12} aria-hidden="true" /> pin
            </button>
            <IconButton icon={RefreshCw} label="Read the page again" title="Read the page again" onClick={readAgain} />
          </>
        )}
      </p>
      {outdated && (
        <Banner role="status">
          No longer true at {clock(outdated.at)}: {outdated.why}.
        </Banner>
      )}
      {!reading.settled && (
        <Banner role="status">The page came to map another frame while its frame was read, three times over.</Banner>
      )}
    </>
  );
}
