// SPDX-License-Identifier: GPL-2.0-only
// The first line of the window: the target, the sources and the box to go somewhere.
import { Cable, Download, Search } from 'lucide-react';
import { IconButton } from '../parts/IconButton.tsx';
import { openConnections } from '../state/connections.ts';
import { setExporting } from '../state/export.ts';
import { setSearching } from '../state/search.ts';
import { useTarget } from '../state/target.ts';
import { MainMenu } from './MainMenu.tsx';
import { QueryBox } from './QueryBox.tsx';
import { SourceButton } from './SourceButton.tsx';
import { TargetFacts } from './TargetFacts.tsx';
import { ThemeButton } from './ThemeButton.tsx';
import './header.css';

export function Header() {
  const target = useTarget((s) => s.target);
  const exportLabel = target?.capture
    ? 'Export this capture'
    : target?.image
      ? 'Capture this image'
      : 'Capture this machine';
  return (
    <header className="app-header">
      <MainMenu />
      <h1>
        <span>cr3</span>scope
      </h1>
      <TargetFacts />
      {target?.sources.map((source) => (
        <SourceButton key={source.name} source={source} />
      ))}
      <QueryBox />
      <IconButton
        icon={Search}
        size={15}
        label="Search memory"
        title="Search memory"
        onClick={() => setSearching(true)}
      />
      <IconButton
        icon={Download}
        size={15}
        label={exportLabel}
        title={exportLabel}
        onClick={() => setExporting('all')}
      />
      <IconButton
        icon={Cable}
        size={15}
        label="Connect to another machine"
        title="Connect to another machine"
        onClick={openConnections}
      />
      <ThemeButton />
    </header>
  );
}
