// SPDX-License-Identifier: GPL-2.0-only
import { Autocomplete } from '@base-ui/react/autocomplete';
import { Popover } from '@base-ui/react/popover';
import { Download, Monitor, Moon, Search, Sun } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { SourceStatus } from '../../contract/api.ts';
import { bytes, hex } from '../../contract/format.ts';
import { type Suggestion, suggest } from '../lib/query.ts';
import { setExporting } from '../state/export.ts';
import { go } from '../state/navigate.ts';
import { notify } from '../state/notice.ts';
import { setTheme, type Theme, usePreferences } from '../state/preferences.ts';
import { useProcesses } from '../state/processes.ts';
import { setSearching } from '../state/search.ts';
import { useSpace } from '../state/space.ts';
import { useTarget } from '../state/target.ts';
import '../parts/facts.css';
import '../parts/popup.css';
import './header.css';

function Lamp({ source }: { source: SourceStatus }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="lamp" aria-label={`Source ${source.label}: ${source.ready ? 'ready' : 'missing'}`}>
        <span className={`dot ${source.ready ? 'on' : 'off'}`} aria-hidden="true" />
        {source.label}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="start" className="layer">
          <Popover.Popup className="popup">
            <Popover.Title className="popup-title">
              {source.label}: {source.ready ? 'ready' : 'missing'}
            </Popover.Title>
            <Popover.Description>{source.detail}</Popover.Description>
            {source.remedy && <p>{source.remedy}</p>}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Facts() {
  const t = useTarget((s) => s.target);
  if (!t) return null;
  const facts: [string, string][] = [
    ['Machine', `${t.hostname} · ${t.cpuModel} · ${t.cpus} CPUs · ${bytes(t.memoryBytes)}`],
    ['Kernel', `Linux ${t.release} ${t.build}`],
    ['Paging', `${t.levels} levels · ${t.virtualBits} virtual, ${t.maxPhysBits} physical bits`],
    ['PTI', t.pti ? 'on: each address space has a second, user root' : 'off'],
    ['PCID · LAM', `${t.pcid ? 'in use' : 'not in use'} · ${t.lam ? 'in use' : 'not in use'}`],
    ['C-bit', t.encryptionMask ? `0x${hex(t.encryptionMask)}` : 'none'],
    ['Lockdown', t.lockdown || 'not in this kernel'],
    ['Zero page', t.zeroPfn ? `frame 0x${hex(t.zeroPfn)}` : 'unknown: PFNs are hidden'],
    ['Direct map', t.directMap ? `0x${hex(t.directMap)} · ${t.directMapFrom}` : 'not found'],
    ['cr3scope', t.version],
    ...(t.capture
      ? ([
          ['Capture', t.capture.path],
          ['Made', `${t.capture.startedAt} to ${t.capture.finishedAt ?? 'an end that is missing'}`],
          ['SHA-256', t.capture.digest],
          ['Whole', t.capture.problem || 'complete, and as it was written'],
        ] as [string, string][])
      : []),
  ];
  return (
    <Popover.Root>
      <Popover.Trigger className="lamp target">
        {t.capture ? `capture of ${t.hostname}, ${t.capture.startedAt.slice(0, 16).replace('T', ' ')}` : 'this machine'}{' '}
        · Linux {/^\d+\.\d+/.exec(t.release)?.[0]} · {t.levels}-level · PTI {t.pti ? 'on' : 'off'}
        {t.pcid ? ' · PCID' : ''}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="start" className="layer">
          <Popover.Popup className="popup wide">
            <Popover.Title className="popup-title">Target</Popover.Title>
            <dl className="facts">
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function QueryBox() {
  const [text, setText] = useState('');
  const processes = useProcesses((s) => s.processes);
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const hasProcess = useSpace((s) => s.space !== undefined);
  const input = useRef<HTMLInputElement>(null);
  const items = useMemo(() => suggest(text, processes, levels, hasProcess), [text, processes, levels, hasProcess]);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (!(event.key === 'k' && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);

  function land(item: Suggestion | undefined) {
    if (!item) {
      if (text.trim())
        notify({
          message: `“${text.trim()}” is no process, address or frame here`,
          code: 'ENOENT',
          remedy: 'Try a PID, a name, a hex address, or “pfn 117274”, “pa 117274000”, “va 7f3a4001f000”.',
        });
      return;
    }
    go(item.to);
    setText('');
    input.current?.blur();
  }

  return (
    <Autocomplete.Root
      items={items}
      value={text}
      onValueChange={(value, details) => {
        if (details.reason !== 'item-press') setText(value);
      }}
      itemToStringValue={(item: Suggestion) => item.label}
      filter={null}
      autoHighlight
    >
      <form
        className="query"
        onSubmit={(event) => {
          event.preventDefault();
          land(items[0]);
        }}
      >
        <Autocomplete.Input
          ref={input}
          placeholder="Paste a PID, address, PFN or raw entry…"
          aria-label="Go to a process, address, frame or entry"
          spellCheck={false}
        />
        <kbd aria-hidden="true">Ctrl K</kbd>
      </form>
      <Autocomplete.Portal>
        <Autocomplete.Positioner sideOffset={4} className="layer">
          <Autocomplete.Popup className="popup list" hidden={items.length === 0}>
            <Autocomplete.List>
              {(item: Suggestion) => (
                <Autocomplete.Item key={item.id} value={item} className="option" onClick={() => land(item)}>
                  <span className="num">{item.label}</span>
                  <span className="dim">{item.detail}</span>
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}

const THEMES: Readonly<Record<Theme, { next: Theme; icon: typeof Sun }>> = {
  system: { next: 'light', icon: Monitor },
  light: { next: 'dark', icon: Sun },
  dark: { next: 'system', icon: Moon },
};

function ThemeButton() {
  const theme = usePreferences((s) => s.theme);
  const { next, icon: Icon } = THEMES[theme];
  return (
    <button
      type="button"
      className="icon-button"
      onClick={() => setTheme(next)}
      aria-label={`Colours: ${theme}. Switch to ${next}`}
      title={`Colours: ${theme}`}
    >
      <Icon size={15} aria-hidden="true" />
    </button>
  );
}

export function Header() {
  const target = useTarget((s) => s.target);
  return (
    <header className="app-header">
      <h1>
        <span>cr3</span>scope
      </h1>
      <Facts />
      {target?.sources.map((source) => (
        <Lamp key={source.name} source={source} />
      ))}
      <QueryBox />
      <button
        type="button"
        className="icon-button"
        aria-label="Search memory"
        title="Search memory"
        onClick={() => setSearching(true)}
      >
        <Search size={15} aria-hidden="true" />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={target?.capture ? 'Export this capture' : 'Capture this machine'}
        title={target?.capture ? 'Export this capture' : 'Capture this machine'}
        onClick={() => setExporting('all')}
      >
        <Download size={15} aria-hidden="true" />
      </button>
      <ThemeButton />
    </header>
  );
}
