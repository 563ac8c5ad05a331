// SPDX-License-Identifier: GPL-2.0-only
// The definition of a column, and columns that several tables share.
import type { ReactNode } from 'react';
import { bytes, hex, hexVa, seconds } from '../../contract/format.ts';
import { Digits } from './Digits.tsx';

export interface ColumnSpec<T> {
  readonly id: string;
  readonly header: string;
  /** CSS grid track, like "7ch" or "minmax(9ch, 1fr)". */
  readonly width: string;
  readonly align?: 'right';
  /** Not shown until the user chooses it. */
  readonly hidden?: true;
  /** What rows are sorted by. Without it they can't be sorted by this column. */
  readonly value?: (row: T) => string | number | bigint;
  /** What the cell says, as it is copied. */
  readonly text: (row: T) => string;
  /** How it is shown, where that is more than the text. The words are the same. */
  readonly cell?: (row: T) => ReactNode;
}

export const cellOf = <T,>({ cell, text }: ColumnSpec<T>, row: T): ReactNode => (cell ?? text)(row);

const DASH = '—';

/** Numbers, aligned to the right. 0 is shown as `zero`. */
export const numberColumn = <T,>(
  id: string,
  header: string,
  width: string,
  value: (row: T) => number,
  zero = '0',
): ColumnSpec<T> => ({
  id,
  header,
  width,
  align: 'right',
  value,
  text: (row) => String(value(row) || zero),
  cell: (row) => <span className="num">{value(row) || zero}</span>,
});

export const pidColumn = <T,>(value: (row: T) => number, zero?: string): ColumnSpec<T> =>
  numberColumn('pid', 'PID', '8ch', value, zero);

/** Seconds since `startNs`. */
export function timeColumn<T>(startNs: bigint, digits: number, value: (row: T) => bigint): ColumnSpec<T> {
  const text = (row: T) => seconds(value(row) - startNs, digits);
  return {
    id: 'time',
    header: 'Time',
    width: '11ch',
    align: 'right',
    value,
    text,
    cell: (row) => <span className="num">{text(row)}</span>,
  };
}

export const sizeColumn = <T,>(
  id: string,
  header: string,
  value: (row: T) => bigint | number,
  hasSize: (row: T) => boolean = () => true,
): ColumnSpec<T> => ({
  id,
  header,
  width: '9ch',
  align: 'right',
  value,
  text: (row) => (hasSize(row) ? bytes(value(row)) : ''),
});

export const vaColumn = <T,>(header: string, width: string, value: (row: T) => bigint): ColumnSpec<T> => ({
  id: 'va',
  header,
  width,
  value,
  text: (row) => hexVa(value(row)),
  cell: (row) => <Digits text={hexVa(value(row))} />,
});

/** Physical addresses. 0 is shown as a dash. */
export const paColumn = <T,>(id: string, header: string, width: string, value: (row: T) => bigint): ColumnSpec<T> => ({
  id,
  header,
  width,
  value,
  text: (row) => (value(row) ? hex(value(row), 9) : DASH),
  cell: (row) => (value(row) ? <Digits text={hex(value(row), 9)} /> : <span className="dim">{DASH}</span>),
});

/** Text that may be cut off. The tooltip shows all of it. */
export const textColumn = <T,>(
  id: string,
  header: string,
  width: string,
  value: (row: T) => string,
  shown: (row: T) => string = value,
): ColumnSpec<T> => ({
  id,
  header,
  width,
  value,
  text: shown,
  cell: (row) => <span title={value(row)}>{shown(row)}</span>,
});
