// SPDX-License-Identifier: GPL-2.0-only
// The page tables of the chosen process: totals, a list, and under PTI a comparison of the two roots.
import { RefreshCw } from 'lucide-react';
import { Group, Panel } from 'react-resizable-panels';
import { hex } from '../../../contract/format.ts';
import { Banner } from '../../parts/Banner.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { TitleButton } from '../../parts/IconButton.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { useSizes } from '../../parts/useSizes.ts';
import { useKept } from '../../state/kept.ts';
import { useHasNoSpace, useLife } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote, LifeNote } from '../common/FailureNote.tsx';
import { NoProcess } from '../common/NoProcess.tsx';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Term } from '../common/Term.tsx';
import { LevelTotals } from './LevelTotals.tsx';
import { RootSlots } from './RootSlots.tsx';
import { TableList } from './TableList.tsx';
import { useTree } from './useTree.ts';

export function TablesPane() {
  const sizes = useSizes('tables', ['levels', 'list']);
  const space = useSpace((s) => s.space);
  const target = useTarget((s) => s.target);
  const { read, again } = useTree(space);
  const life = useLife(space);
  const noSpace = useHasNoSpace(space);
  const [roots, setRoots] = useKept('tables.roots', false);
  if (!space || !target) return <NoProcess view="Tables" />;
  return (
    <Pane label="Tables">
      <PaneTitle title={`Page tables of ${space.pid} ${space.name}`}>
        {read?.tree && (
          <span className="dim">
            <Term of="root PA" /> <span className="num strong">0x{hex(read.tree.rootPa)}</span>
          </span>
        )}
        <span className="spacer" />
        {target.pti && (
          <button type="button" aria-pressed={roots} disabled={!read?.slots} onClick={() => setRoots(!roots)}>
            Compare the two roots
          </button>
        )}
        {life === 'alive' && <TitleButton icon={RefreshCw} label="Read again" onClick={again} />}
        <PlaceMenu place={{ view: 'tables', pid: space.pid }} what="these tables" />
      </PaneTitle>
      {read?.tree && life === 'gone' && (
        <Banner role="alert">
          <strong>This process is gone.</strong> Its tables are shown as they were last read.
        </Banner>
      )}
      {!read?.tree && noSpace ? (
        <LifeNote space={space} />
      ) : read?.error && !read.tree ? (
        <FailureNote failure={read.error} space={space} />
      ) : !read?.tree ? (
        <Empty title="Reading the tables…" />
      ) : roots && read.slots ? (
        <RootSlots slots={read.slots} rootPa={read.tree.rootPa} />
      ) : (
        <Group orientation="vertical" className="fill" {...sizes}>
          <Panel id="levels" defaultSize="42%" minSize={80}>
            <div className="scroll fill" tabIndex={0} role="group" aria-label="Tables by level">
              <LevelTotals tree={read.tree} />
            </div>
          </Panel>
          <Splitter direction="horizontal" label="Height of the list of tables" />
          <Panel id="list" minSize={80}>
            <TableList tree={read.tree} />
          </Panel>
        </Group>
      )}
    </Pane>
  );
}
