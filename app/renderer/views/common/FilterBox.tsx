// SPDX-License-Identifier: GPL-2.0-only
// A box for an expression of lib/filter.ts. It completes fields, operators and words, and says what is wrong, and where.

import { Autocomplete } from '@base-ui/react/autocomplete';
import { memo, useMemo, useRef, useState } from 'react';
import { capitalized } from '../../../contract/format.ts';
import { type Completion, completionsOf, type Field } from '../../lib/filter.ts';
import type { TextFilter } from './useFilter.ts';
import '../../parts/popup.css';
import './filter.css';

interface Props<T> {
  readonly label: string;
  readonly placeholder: string;
  readonly fields: readonly Field<T>[];
  readonly used: TextFilter<T>;
}

function FilterBoxOf<T>({ label, placeholder, fields, used: { text, setText, error } }: Props<T>) {
  const mirror = useRef<HTMLDivElement>(null);
  const items = useMemo(() => (text ? completionsOf(text, fields) : []), [text, fields]);
  const [open, setOpen] = useState(false);
  const wrong = error && !error.expects ? error : undefined;
  return (
    <Autocomplete.Root
      items={items}
      value={text}
      onValueChange={setText}
      itemToStringValue={({ text: word, from }: Completion) => `${text.slice(0, from)}${word} `}
      filter={null}
      open={open && (items.length > 0 || error !== undefined)}
      onOpenChange={setOpen}
    >
      <div className={`filter-box ${wrong ? 'wrong' : ''}`} title={wrong?.message}>
        <div ref={mirror} className="filter-mirror" aria-hidden="true">
          {wrong && (
            <>
              {text.slice(0, wrong.from)}
              <mark>{text.slice(wrong.from, wrong.to)}</mark>
            </>
          )}
        </div>
        <Autocomplete.Input
          type="search"
          aria-label={label}
          aria-invalid={wrong !== undefined}
          placeholder={placeholder}
          spellCheck={false}
          onScroll={({ currentTarget }) => {
            if (mirror.current) mirror.current.scrollLeft = currentTarget.scrollLeft;
          }}
        />
      </div>
      <Autocomplete.Portal>
        <Autocomplete.Positioner sideOffset={4} align="start" className="layer">
          <Autocomplete.Popup className="popup list filter-popup">
            <Autocomplete.List>
              {(item: Completion) => (
                <Autocomplete.Item key={item.text} value={item} className="option">
                  <span className="num">{item.text}</span>
                  <span className="dim ellipsis">{item.about}</span>
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
            <Autocomplete.Status className={wrong ? 'filter-says bad' : 'filter-says dim'}>
              {error && `${capitalized(error.message)}.`}
            </Autocomplete.Status>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}

// The list under it is drawn again and again, the box only when its text changes.
export const FilterBox = memo(FilterBoxOf) as typeof FilterBoxOf;
