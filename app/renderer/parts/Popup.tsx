// SPDX-License-Identifier: GPL-2.0-only
import { Popover } from '@base-ui/react/popover';
import type { ReactNode } from 'react';
import './popup.css';

interface Props {
  /** The classes, name and content of the button that opens it. */
  readonly trigger: {
    readonly className: string;
    readonly label?: string;
    readonly title?: string;
    readonly content: ReactNode;
  };
  readonly title: ReactNode;
  readonly className?: string;
  readonly offset?: number;
  readonly align?: 'start' | 'center';
  readonly children: ReactNode;
}

/** A button that opens a popup beside it. */
export function Popup({ trigger, title, className = '', offset = 6, align = 'start', children }: Props) {
  return (
    <Popover.Root>
      <Popover.Trigger className={trigger.className} aria-label={trigger.label} title={trigger.title}>
        {trigger.content}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={offset} align={align} className="layer">
          <Popover.Popup className={`popup ${className}`}>
            <Popover.Title className="popup-title">{title}</Popover.Title>
            {children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** What a screen reader says when the popup opens. */
export const PopupText = Popover.Description;
