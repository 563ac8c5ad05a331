// SPDX-License-Identifier: GPL-2.0-only
// Opens and closes the panes around the view.
import { type LucideIcon, PanelBottom, PanelLeft, PanelRight } from 'lucide-react';
import { PANES, type PaneName, setOpen } from '../state/layout.ts';
import { usePanes } from './usePanes.ts';

const BUTTONS: Readonly<Record<PaneName, { icon: LucideIcon; label: string }>> = {
  processes: { icon: PanelLeft, label: 'List of processes' },
  drawer: { icon: PanelBottom, label: 'Bytes of the frame' },
  inspector: { icon: PanelRight, label: 'Inspector' },
};

export function PaneButtons() {
  const panes = usePanes();
  return (
    <div className="pane-buttons" role="group" aria-label="Panes">
      {PANES.map((name) => {
        const { icon: Icon, label } = BUTTONS[name];
        const { fits, open } = panes[name];
        return (
          <button
            key={name}
            type="button"
            className="icon-button"
            aria-label={label}
            aria-pressed={open}
            disabled={!fits}
            title={fits ? `${open ? 'Close' : 'Open'}: ${label}` : `${label}: nothing is chosen in this view`}
            onClick={() => setOpen(name, !open)}
          >
            <Icon size={15} aria-hidden="true" />
          </button>
        );
      })}
    </div>
  );
}
