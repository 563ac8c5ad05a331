// SPDX-License-Identifier: GPL-2.0-only
// Where the window is: Back, Forward, and the way from the process or view down to the frame.
import { ArrowLeft, ArrowRight, ChevronRight } from 'lucide-react';
import { hex, hexVa } from '../../contract/format.ts';
import { pfnOf } from '../../contract/paging.ts';
import { regionAt } from '../../contract/regions.ts';
import { VIEWS } from '../../contract/views.ts';
import { canMove } from '../lib/trail.ts';
import { IconButton } from '../parts/IconButton.tsx';
import { useChosen } from '../state/chosen.ts';
import { bringBack, showTab } from '../state/layout.ts';
import { useMemory } from '../state/memory.ts';
import { showRange, useMemoryMap } from '../state/memoryMap.ts';
import { chooseRegion, selectVa, turnTo } from '../state/navigate.ts';
import { move, usePlaces } from '../state/places.ts';
import { showOnly, useSpace } from '../state/space.ts';
import { scopeOf, useView } from '../state/view.ts';
import './place.css';

interface Crumb {
  readonly key: string;
  readonly text: string;
  readonly title: string;
  readonly num?: boolean;
  go(): void;
}

/** The process, its region and its page, as far as they are chosen. */
function usePageCrumbs(): Crumb[] {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const va = useSpace((s) => s.va);
  if (!space) return [];
  const region = regions && va !== undefined ? regionAt(regions, va) : -1;
  const path = regions?.path[region] ?? '';
  return [
    {
      key: 'process',
      text: `${space.pid} ${space.name}`,
      title: 'The process',
      go: () => {
        turnTo('space');
        showOnly(undefined);
      },
    },
    ...(region >= 0
      ? [
          {
            key: 'region',
            text: `${path.split('/').at(-1) || 'anonymous'} ${regions?.permissions[region]}`,
            title: `The region: ${path || 'anonymous'}`,
            go: () => {
              turnTo('space');
              void chooseRegion(region);
            },
          },
        ]
      : []),
    ...(va === undefined
      ? []
      : [
          {
            key: 'page',
            text: hexVa(va),
            title: 'The page, and the walk to it',
            num: true,
            go: () => {
              showTab('walk');
              void selectVa(va);
            },
          },
        ]),
  ];
}

function useCrumbs(): Crumb[] {
  const view = useView((s) => s.view);
  const scope = scopeOf(view);
  const here = useChosen((s) => s.scope === scope);
  const hasPage = useChosen((s) => s.page);
  const cursor = useMemory((s) => s.cursor);
  const range = useMemoryMap((s) => s.range);
  const page = usePageCrumbs();
  const { label } = VIEWS[view];
  const crumbs: Crumb[] =
    scope === 'process'
      ? page
      : [
          {
            key: 'view',
            text: label,
            title: view === 'memory' ? 'All of physical memory' : label,
            go: () => {
              if (view === 'memory') showRange(undefined);
            },
          },
        ];
  if (view === 'memory' && range)
    crumbs.push({
      key: 'range',
      text: `frames ${hex(range.begin)}–${hex(range.end - 1n)}`,
      title: 'The part that the map shows',
      num: true,
      go: () => showRange(range),
    });
  if (scope !== 'process' && here && hasPage) crumbs.push(...page);
  if (here && cursor !== undefined)
    crumbs.push({
      key: 'frame',
      text: `frame ${hex(pfnOf(cursor))}`,
      title: 'The frame: its facts and bytes',
      num: true,
      go: () => {
        showTab('frame');
        bringBack('drawer');
      },
    });
  return crumbs;
}

export function PlaceLine() {
  const trail = usePlaces();
  const crumbs = useCrumbs();
  return (
    <nav className="place-line" aria-label="Place">
      <IconButton
        icon={ArrowLeft}
        size={14}
        label="Back"
        title="Back to the place before (Alt+Left)"
        disabled={!canMove(trail, -1)}
        onClick={() => void move(-1)}
      />
      <IconButton
        icon={ArrowRight}
        size={14}
        label="Forward"
        title="Forward again (Alt+Right)"
        disabled={!canMove(trail, 1)}
        onClick={() => void move(1)}
      />
      <ol>
        {crumbs.map(({ key, text, title, num, go }, i) => (
          <li key={key}>
            {i > 0 && <ChevronRight size={12} aria-hidden="true" />}
            <button
              type="button"
              className={num ? 'num' : ''}
              title={title}
              aria-current={i === crumbs.length - 1 ? 'location' : undefined}
              onClick={go}
            >
              {text}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
