// SPDX-License-Identifier: GPL-2.0-only
import { seriesToken } from '../lib/series.ts';
import './legend.css';

interface Item {
  readonly key: string;
  readonly colour: string;
  readonly text: string;
  readonly title?: string;
}

/** Those with a colour of their own, and how many others there are; `what`: of what, in the plural. */
export function seriesItems(
  items: readonly (Omit<Item, 'colour'> & { readonly place: number | undefined })[],
  what: string,
): Item[] {
  const named = items.filter(({ place }) => place !== undefined);
  const others = items.length - named.length;
  return [
    ...named.map(({ place, ...item }) => ({ ...item, colour: `var(${seriesToken(place)})` })),
    ...(others > 0
      ? [{ key: 'others', colour: `var(${seriesToken(undefined)})`, text: `${others} other ${what}` }]
      : []),
  ];
}

/** What the colours of a picture mean. `note`: what its shades mean. */
export function Legend({ items, note }: { items: readonly Item[]; note?: string | undefined }) {
  return (
    <div className="legend">
      {items.map(({ key, colour, text, title }) => (
        <span key={key} className="legend-item" title={title}>
          <i aria-hidden="true" style={{ background: colour }} />
          {text}
        </span>
      ))}
      {note && <span className="legend-note dim">{note}</span>}
    </div>
  );
}
