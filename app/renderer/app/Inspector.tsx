// SPDX-License-Identifier: GPL-2.0-only
// What is chosen, looked at in five ways: the walk to it, its frame, who maps that, and what its bytes mean, one by one or as
// a structure.
import { Tabs } from '@base-ui/react/tabs';
import type { ComponentType } from 'react';
import { useChosen } from '../state/chosen.ts';
import { showTab, TABS, type Tab, useLayout } from '../state/layout.ts';
import { scopeOf, useView } from '../state/view.ts';
import { BytesPane } from '../views/frame/BytesPane.tsx';
import { FrameFacts } from '../views/frame/FrameFacts.tsx';
import { StructurePane } from '../views/frame/StructurePane.tsx';
import { NotesPane } from '../views/notes/NotesPane.tsx';
import { OwnersPane } from '../views/owners/OwnersPane.tsx';
import { TranslationPane } from '../views/translation/TranslationPane.tsx';
import './inspector.css';

const PANES: Readonly<Record<Tab, ComponentType>> = {
  walk: TranslationPane,
  frame: FrameFacts,
  owners: OwnersPane,
  bytes: BytesPane,
  notes: NotesPane,
  structure: StructurePane,
};

export function Inspector() {
  const tab = useLayout((s) => s.tab);
  const process = useView((s) => scopeOf(s.view) === 'process');
  const page = useChosen((s) => s.page);
  // A frame that was chosen by itself has no walk.
  const hasWalk = process || page;
  const shown = tab === 'walk' && !hasWalk ? 'frame' : tab;
  const Pane = PANES[shown];
  return (
    <Tabs.Root className="inspector" value={shown} onValueChange={(value) => showTab(value as Tab)}>
      <Tabs.List className="inspector-tabs" aria-label="Inspector">
        {Object.entries(TABS).map(([value, label]) => (
          <Tabs.Tab key={value} value={value} disabled={value === 'walk' && !hasWalk}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={shown} className="view">
        <Pane />
      </Tabs.Panel>
    </Tabs.Root>
  );
}
