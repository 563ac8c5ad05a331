// SPDX-License-Identifier: GPL-2.0-only
import { Separator } from 'react-resizable-panels';
import './splitter.css';

/** A handle that resizes two panels. It is `vertical` between panels that are side by side. */
export function Splitter({ direction, label }: { direction: 'vertical' | 'horizontal'; label: string }) {
  return <Separator className={`splitter ${direction}`} aria-label={label} />;
}
