// SPDX-License-Identifier: GPL-2.0-only
// The box for addresses, frames, entries, processes and links.

import { Autocomplete } from '@base-ui/react/autocomplete';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type Suggestion, suggest } from '../lib/query.ts';
import { go } from '../state/navigate.ts';
import { notify } from '../state/notice.ts';
import { useProcesses } from '../state/processes.ts';
import { useSpace } from '../state/space.ts';
import { useTarget } from '../state/target.ts';
import '../parts/popup.css';

export function QueryBox() {
  const [text, setText] = useState('');
  const { processes, asked } = useProcesses();
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
          message: `“${text.trim()}” is not a process, address or frame here`,
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
          disabled={!asked} // a PID would be taken for a frame number
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
