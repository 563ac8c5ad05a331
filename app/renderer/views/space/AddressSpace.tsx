// SPDX-License-Identifier: GPL-2.0-only
// The address space of the chosen process: its map, its regions, and the pages of one of them.
import { useRef } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import { hasSource } from '../../lib/sources.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { useSize } from '../../parts/useSize.ts';
import { useSizes } from '../../parts/useSizes.ts';
import { useHasNoSpace } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote, LifeNote } from '../common/FailureNote.tsx';
import { NoProcess } from '../common/NoProcess.tsx';
import { CheckBanners } from './CheckBanners.tsx';
import { PageList } from './PageList.tsx';
import { RegionList } from './RegionList.tsx';
import { SpaceMap } from './SpaceMap.tsx';
import { SpaceTitle } from './SpaceTitle.tsx';
import { VerdictLegend } from './VerdictLegend.tsx';

/** In pixels: where regions and pages fit side by side. */
const SIDE_BY_SIDE = 560;

/** Regions to the left of the pages, or above them in a narrow window. */
function RegionsAndPages() {
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const orientation = width >= SIDE_BY_SIDE ? 'horizontal' : 'vertical';
  const sizes = useSizes(`space.${orientation}`, ['regions', 'pages']);
  return (
    <div ref={frame} className="fill">
      {width > 0 && (
        <Group key={orientation} orientation={orientation} {...sizes}>
          <Panel id="regions" defaultSize={orientation === 'horizontal' ? '46%' : '38%'} minSize={70}>
            <RegionList />
          </Panel>
          {orientation === 'horizontal' ? (
            <Splitter direction="vertical" label="Width of the list of regions" />
          ) : (
            <Splitter direction="horizontal" label="Height of the list of regions" />
          )}
          <Panel id="pages" minSize={90}>
            <PageList />
          </Panel>
        </Group>
      )}
    </div>
  );
}

export function AddressSpace() {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const error = useSpace((s) => s.regionsError);
  const noSpace = useHasNoSpace(space);
  const checks = useTarget((s) => hasSource(s.target, 'tableWalk'));
  if (!space) return <NoProcess view="Address space" />;
  return (
    <Pane label="Address space">
      <SpaceTitle space={space} />
      {error ? (
        <FailureNote failure={error} space={space} />
      ) : regions && regions.begin.length === 0 ? (
        noSpace ? (
          <LifeNote space={space} />
        ) : (
          <Empty title="This process has no address space">It has just exited, or it is only starting.</Empty>
        )
      ) : (
        <>
          {regions && <SpaceMap regions={regions} />}
          {checks && <VerdictLegend />}
          <CheckBanners />
          <RegionsAndPages />
        </>
      )}
    </Pane>
  );
}
