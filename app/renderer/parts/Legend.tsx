// SPDX-License-Identifier: GPL-2.0-only
import './legend.css';

interface Item {
  readonly key: string;
  readonly colour: string;
  readonly text: string;
  readonly title?: string;
}

/** What the colours of a picture mean. */
export function Legend({ items }: { items: readonly Item[] }) {
  return (
    <div className="legend">
      {items.map(({ key, colour, text, title }) => (
        <span key={key} className="legend-item" title={title}>
          <i aria-hidden="true" style={{ background: colour }} />
          {text}
        </span>
      ))}
    </div>
  );
}
