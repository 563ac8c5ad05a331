// SPDX-License-Identifier: GPL-2.0-only
// The one box for places, processes, regions, views and commands. It says what each suggestion would do.
import { Autocomplete } from '@base-ui/react/autocomplete';
import { useMemo, useState } from 'react';
import { COMMANDS } from '../../contract/commands.ts';
import { suggest } from '../lib/query.ts';
import type { Suggestion } from '../lib/suggestion.ts';
import { holdBox, leaveBox } from '../state/box.ts';
import { commandsOf, runCommand } from '../state/commands.ts';
import { keyText } from '../state/keys.ts';
import { go } from '../state/navigate.ts';
import { notify } from '../state/notice.ts';
import { useProcesses } from '../state/processes.ts';
import { useSpace } from '../state/space.ts';
import { useTarget } from '../state/target.ts';
import '../parts/popup.css';

export function QueryBox() {
  const [text, setText] = useState('');
  const [highlighted, setHighlighted] = useState<Suggestion>();
  const asked = useProcesses((s) => s.asked);
  const processes = useProcesses((s) => (text ? s.processes : undefined));
  const target = useTarget((s) => s.target);
  const chosen = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const named = useMemo(() => commandsOf(target), [target]);
  const levels = target?.levels ?? 4;
  const items = useMemo(
    () => suggest(text, { processes, chosen, regions, levels, named }),
    [text, processes, chosen, regions, levels, named],
  );
  const shown = items.find(({ id }) => id === highlighted?.id) ?? items[0];

  function land(item: Suggestion | undefined) {
    if (!item) {
      if (text.trim())
        notify({
          message: `“${text.trim()}” is not a process, address, frame, region or command here`,
          code: 'ENOENT',
          remedy: 'Type “help” to see what this box takes.',
        });
      return;
    }
    if (item.to.kind === 'command') runCommand(item.to.name);
    else go(item.to);
    setText('');
    leaveBox();
  }

  return (
    <Autocomplete.Root
      items={items}
      value={text}
      onValueChange={(value, details) => {
        if (details.reason !== 'item-press') setText(value);
      }}
      onItemHighlighted={(item) => setHighlighted(item)}
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
          ref={holdBox}
          disabled={!asked} // a PID would be taken for a frame number
          placeholder="Go to a process, address, region, view…"
          aria-label="Go to a process, address, frame or entry"
          spellCheck={false}
        />
        <kbd aria-hidden="true">{keyText(COMMANDS.box.key ?? '')}</kbd>
      </form>
      <Autocomplete.Portal>
        <Autocomplete.Positioner sideOffset={4} align="end" className="layer">
          <Autocomplete.Popup className="popup list query-popup" hidden={!text.trim()}>
            <Autocomplete.List>
              {(item: Suggestion) => (
                <Autocomplete.Item key={item.id} value={item} className="option" onClick={() => land(item)}>
                  <span className={item.to.kind === 'command' ? '' : 'num'}>{item.label}</span>
                  <span className="dim ellipsis">{item.detail}</span>
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
            <Autocomplete.Status className="query-does">
              {shown ? (
                <>
                  <kbd>Enter</kbd> {shown.does}
                </>
              ) : (
                'Nothing here has this name or number. Type “help” to see what this box takes.'
              )}
            </Autocomplete.Status>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}
