// SPDX-License-Identifier: GPL-2.0-only
import { Separator } from 'react-resizable-panels';
import './splitter.css';

/** What is dragged to share the room between two panels; `vertical` between two beside each other. */
export function Splitter({ direction, label }: { direction: 'vertical' | 'horizontal'; label: string }) {
  return <Separator className={`splitter ${direction}`} aria-label={label} />;
}
