// SPDX-License-Identifier: GPL-2.0-only
// The view that is shown, and the panes around it.
import { Group, Panel } from 'react-resizable-panels';
import { Splitter } from '../parts/Splitter.tsx';
import { useSizes } from '../parts/useSizes.ts';
import { FramePane } from '../views/frame/FramePane.tsx';
import { ProcessList } from '../views/processes/ProcessList.tsx';
import { Inspector } from './Inspector.tsx';
import { usePanes } from './usePanes.ts';
import { ShownView } from './Views.tsx';

export function Workbench() {
  const { processes, drawer, inspector } = usePanes();
  const across = [...(processes.open ? ['processes'] : []), 'middle', ...(inspector.open ? ['inspector'] : [])];
  const down = ['view', ...(drawer.open ? ['drawer'] : [])];
  return (
    <Group orientation="horizontal" className="fill" {...useSizes('across', across)}>
      {processes.open && (
        <>
          <Panel id="processes" defaultSize="22.5%" minSize={180}>
            <ProcessList />
          </Panel>
          <Splitter direction="vertical" label="Width of the process list" />
        </>
      )}
      <Panel id="middle" minSize={300}>
        <Group orientation="vertical" {...useSizes('down', down)}>
          <Panel id="view" minSize={160}>
            <ShownView />
          </Panel>
          {drawer.open && (
            <>
              <Splitter direction="horizontal" label="Height of the frame" />
              <Panel id="drawer" defaultSize="28%" minSize={90}>
                <FramePane />
              </Panel>
            </>
          )}
        </Group>
      </Panel>
      {inspector.open && (
        <>
          <Splitter direction="vertical" label="Width of the inspector" />
          <Panel id="inspector" defaultSize="25.5%" minSize={250}>
            <Inspector />
          </Panel>
        </>
      )}
    </Group>
  );
}
