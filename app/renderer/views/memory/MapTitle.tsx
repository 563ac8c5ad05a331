// SPDX-License-Identifier: GPL-2.0-only
// The frames that the map shows, the choice of colours, and navigation.
import { RefreshCw, ZoomOut } from 'lucide-react';
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes, hex, KPF_NAMES } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { IconButton, TitleButton } from '../../parts/IconButton.tsx';
import { PaneTitle } from '../../parts/Pane.tsx';
import { useMemoryMap } from '../../state/memoryMap.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { COLOURINGS, type Colouring } from './cells.ts';

interface Props {
  readonly shown: { readonly begin: bigint; readonly end: bigint };
  readonly map: MemoryMap | undefined;
  readonly by: Colouring;
  onBy(by: Colouring): void;
  readonly flag: number;
  onFlag(flag: number): void;
  onLeave(): void;
  onWalkAgain(): void;
}

export function MapTitle({ shown, map, by, onBy, flag, onFlag, onLeave, onWalkAgain }: Props) {
  const range = useMemoryMap((s) => s.range);
  return (
    <PaneTitle title="Physical memory">
      <span className="dim num">
        {hex(shown.begin)}–{hex(shown.end)}
      </span>
      <span className="dim long">{map && `${bytes(pageBytes(map.framesPerCell))} a cell`}</span>
      <IconButton icon={ZoomOut} label="Zoom out" title="Zoom out" disabled={!range} onClick={onLeave} />
      <span className="spacer" />
      <label className="colour-by">
        <span className="long">colour by</span>{' '}
        <select value={by} aria-label="Colour by" onChange={(e) => onBy(e.target.value as Colouring)}>
          {Object.entries(COLOURINGS).map(([key, label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {by === 'flag' && (
        <select aria-label="Flag of frames" value={flag} onChange={(e) => onFlag(Number(e.target.value))}>
          {Object.entries(KPF_NAMES).map(([bit, name]) => (
            <option key={bit} value={bit}>
              {name}
            </option>
          ))}
        </select>
      )}
      <TitleButton icon={RefreshCw} label="Walk again" onClick={onWalkAgain} />
      <PlaceMenu place={range ? { view: 'memory', ...range } : { view: 'memory' }} what="this part of memory" />
    </PaneTitle>
  );
}
