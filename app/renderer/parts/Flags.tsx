// SPDX-License-Identifier: GPL-2.0-only
// Flags as chips. What one means stands beside it while the pointer is on it or it has the focus: Tab leads to the chips, arrow
// keys from one to the next.
import { type KeyboardEvent, useState } from 'react';
import './flags.css';

export interface FlagChip {
  readonly text: string;
  readonly meaning: string;
  readonly className?: string;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

export function Flags({ label, flags }: { label: string; flags: readonly FlagChip[] }) {
  const [at, setAt] = useState(0);
  const last = flags.length - 1;
  const stop = Math.min(at, last);
  function onKeyDown(event: KeyboardEvent) {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    const next = event.currentTarget.children[Math.max(0, Math.min(last, stop + step))];
    (next as HTMLElement).focus();
  }
  if (flags.length === 0) return null;
  return (
    <ul className="flags" aria-label={label} onKeyDown={onKeyDown}>
      {flags.map(({ text, meaning, className = '' }, i) => (
        <li
          key={text}
          className={`flag ${className}`}
          title={meaning}
          tabIndex={i === stop ? 0 : -1}
          onFocus={() => setAt(i)}
        >
          {text}
        </li>
      ))}
    </ul>
  );
}
