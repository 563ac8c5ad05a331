// SPDX-License-Identifier: GPL-2.0-only
import { useMemo, useRef } from 'react';
import { type Field, type Filter, type FilterError, parseFilter } from '../../lib/filter.ts';
import { useKept } from '../../state/kept.ts';

export interface TextFilter<T> {
  readonly text: string;
  setText(text: string): void;
  /** Undefined: none. While the text is not complete or wrong, it is the one before. */
  readonly filter: Filter<T> | undefined;
  readonly error: FilterError | undefined;
}

/** The filter of a table, which outlives its view. */
export function useFilter<T>(table: string, fields: readonly Field<T>[]): TextFilter<T> {
  const [text, setText] = useKept(`filter.${table}`, '');
  const parsed = useMemo(() => (text.trim() ? parseFilter(text, fields) : undefined), [text, fields]);
  const last = useRef<{ readonly text: string; readonly filter: Filter<T> }>(undefined);
  if (!parsed) last.current = undefined;
  else if ('filter' in parsed) last.current = { text, filter: parsed.filter };
  // What was looked for as a word was the beginning of a field.
  else if (last.current && /^\w*$/.test(last.current.text) && text.startsWith(last.current.text))
    last.current = undefined;
  const filter = last.current?.filter;
  const error = parsed && 'error' in parsed ? parsed.error : undefined;
  return useMemo(() => ({ text, setText, filter, error }), [text, setText, filter, error]);
}
