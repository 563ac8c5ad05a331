// SPDX-License-Identifier: GPL-2.0-only
// Applies the filter of pages to the whole address space, as of the check that is shown.
import { useEffect, useState } from 'react';
import type { Failure } from '../../../contract/api.ts';
import type { Verdict } from '../../../contract/verdicts.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { explorer, failure } from '../../lib/client.ts';
import type { FilteredPage } from '../../lib/fields.ts';
import type { Filter } from '../../lib/filter.ts';
import { type FilterResult, filterPages, MOST_READ, stretchesOf } from '../../lib/filteredPages.ts';
import { shownCheck, useCheck } from '../../state/check.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';

export interface FilteredPages {
  /** Undefined: none is there yet. The one before stays while another one is made. */
  readonly result?: FilterResult | undefined;
  /** Pages that were read so far, of a filter that is being applied. */
  readonly reading?: number | undefined;
  readonly error?: Failure | undefined;
}

/** `only`: of the pages with this verdict. Without a filter there is nothing. */
export function usePageFilter(filter: Filter<FilteredPage> | undefined, only: Verdict | undefined): FilteredPages {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => shownCheck(s)?.summary);
  const rows = useCheck((s) => shownCheck(s)?.rows);
  const target = useTarget((s) => s.target);
  const [shown, setShown] = useState<FilteredPages>({});
  useEffect(() => {
    if (!filter || !space || !regions || !summary || !rows || !target) {
      setShown({});
      return;
    }
    let live = true;
    const code = only && VERDICT.code(only);
    const all = stretchesOf(summary, rows, regions);
    const { pid, startTicks } = space;
    setShown(({ result }) => ({ result, reading: 0 }));
    filterPages({
      filter,
      target,
      most: MOST_READ,
      stretches: code === undefined ? all : [...all].filter(({ verdict }) => verdict === code),
      read: (vas) => explorer().call('rows', { pid, startTicks, vas }),
      goesOn: (reading) => {
        if (live) setShown(({ result }) => ({ result, reading }));
        return live;
      },
    }).then(
      (result) => {
        if (live && result) setShown({ result });
      },
      (error) => {
        if (live) setShown({ error: failure(error) });
      },
    );
    return () => {
      live = false;
    };
  }, [filter, only, space, regions, summary, rows, target]);
  return shown;
}
