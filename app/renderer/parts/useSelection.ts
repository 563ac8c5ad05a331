// SPDX-License-Identifier: GPL-2.0-only
// Which rows of a table are selected, by index. One of them is the row that the window shows; choosing several shows no other.
import { type KeyboardEvent, type MouseEvent, useState } from 'react';
import { between, hasIndex, type Ranges, toggled } from '../lib/ranges.ts';
import { rowStep, rowUnder } from './rowKeys.ts';

interface Several {
  readonly ranges: Ranges;
  /** Where a range begins, and where the keys have led it. */
  readonly anchor: number;
  readonly lead: number;
}

export interface Selection {
  readonly ranges: Ranges;
  /** Whether the user has selected rows beside the one that is shown. */
  readonly several: boolean;
  has(index: number): boolean;
  /** The button goes down: with Shift it selects rows, and no letters. */
  press(event: MouseEvent<HTMLElement>): void;
  /** A click on a row. Without Shift and Ctrl it chooses the row. */
  click(index: number, event: MouseEvent): void;
  /** Whether the key was one of a table. `page`: the rows that are visible. */
  key(event: KeyboardEvent, page: number): boolean;
  /** The menu of a row opens: the row is selected, unless it is already. */
  aim(index: number): Ranges;
  /** The rows are at other places now. */
  relocate(to: (ranges: Ranges) => Ranges): void;
  clear(): void;
}

interface Given {
  readonly length: number;
  /** The row that the window shows; -1: none. */
  readonly current: number;
  /** Where keys begin if none is shown. */
  readonly first: number;
  choose(index: number): void;
  reveal(index: number): void;
}

export function useSelection({ length, current, first, choose, reveal }: Given): Selection {
  const [several, setSeveral] = useState<Several>();
  const shown: Ranges = current < 0 ? [] : [[current, current + 1]];
  const ranges = several?.ranges ?? shown;
  const extendTo = (index: number) => {
    const anchor = several?.anchor ?? (current < 0 ? index : current);
    setSeveral({ ranges: between(anchor, index), anchor, lead: index });
  };
  return {
    ranges,
    several: several !== undefined,
    has: (index) => hasIndex(ranges, index),
    press(event) {
      if (!event.shiftKey || rowUnder(event.target) < 0) return;
      event.preventDefault();
      event.currentTarget.focus();
    },
    click(index, event) {
      if (event.shiftKey) extendTo(index);
      else if (event.ctrlKey || event.metaKey)
        setSeveral({ ranges: toggled(ranges, index), anchor: index, lead: index });
      else {
        setSeveral(undefined);
        choose(index);
      }
    },
    key(event, page) {
      if (event.altKey) return false;
      if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
        if (length > 0) setSeveral({ ranges: [[0, length]], anchor: 0, lead: Math.max(0, current) });
        return true;
      }
      if (event.key === 'Escape' && several) {
        setSeveral(undefined);
        return true;
      }
      const step = event.ctrlKey || event.metaKey ? undefined : rowStep(event.key, page, length);
      if (step === undefined) return false;
      const from = several?.lead ?? (current < 0 ? first - (step > 0 ? 1 : 0) : current);
      const to = Math.max(0, Math.min(length - 1, from + step));
      if (event.shiftKey) {
        extendTo(to);
        reveal(to);
      } else {
        setSeveral(undefined);
        choose(to);
      }
      return true;
    },
    aim(index) {
      if (hasIndex(ranges, index)) return ranges;
      const one: Ranges = [[index, index + 1]];
      setSeveral({ ranges: one, anchor: index, lead: index });
      return one;
    },
    relocate(to) {
      if (!several) return;
      const moved = to(several.ranges);
      const at = moved[0]?.[0];
      setSeveral(at === undefined ? undefined : { ranges: moved, anchor: at, lead: at });
    },
    clear: () => setSeveral(undefined),
  };
}
