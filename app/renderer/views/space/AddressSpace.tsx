// SPDX-License-Identifier: GPL-2.0-only
// The address space of the chosen process: its map, its regions, and the pages of one of them.
import { Group, Panel } from 'react-resizable-panels';
import { Empty } from '../../parts/Empty.tsx';
import { Pane } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { useSpace } from '../../state/space.ts';
import { NoProcess } from '../common/NoProcess.tsx';
import { CheckBanners } from './CheckBanners.tsx';
import { PageTable } from './PageTable.tsx';
import { RegionTable } from './RegionTable.tsx';
import { SpaceMap } from './SpaceMap.tsx';
import { SpaceTitle } from './SpaceTitle.tsx';
import { VerdictLegend } from './VerdictLegend.tsx';

export function AddressSpace() {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const error = useSpace((s) => s.regionsError);
  if (!space) return <NoProcess view="Address space" />;
  return (
    <Pane label="Address space">
      <SpaceTitle space={space} />
      {error ? (
        <Empty title={error.message}>{error.remedy}</Empty>
      ) : regions && regions.begin.length === 0 ? (
        <Empty title="This process has no address space">
          Kernel threads run in the kernel’s own and only borrow a process’s root while they are on a CPU; a zombie has
          given its back.
        </Empty>
      ) : (
        <>
          <SpaceMap />
          <VerdictLegend />
          <CheckBanners />
          <Group orientation="vertical" className="fill" id="address-space">
            <Panel defaultSize="38%" minSize={70}>
              <RegionTable />
            </Panel>
            <Splitter direction="horizontal" label="Height of the region table" />
            <Panel minSize={90}>
              <PageTable />
            </Panel>
          </Group>
        </>
      )}
    </Pane>
  );
}
