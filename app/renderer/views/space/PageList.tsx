// SPDX-License-Identifier: GPL-2.0-only
// The pages below their filter, and what the list covers.
import { clock, count } from '../../../contract/format.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { PAGE_FIELDS } from '../../lib/fields.ts';
import { MOST_READ } from '../../lib/filteredPages.ts';
import { Empty } from '../../parts/Empty.tsx';
import { shownCheck, useCheck } from '../../state/check.ts';
import { useSpace } from '../../state/space.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { FilterBox } from '../common/FilterBox.tsx';
import { useFilter } from '../common/useFilter.ts';
import { PageTable } from './PageTable.tsx';
import { type FilteredPages, usePageFilter } from './usePageFilter.ts';
import '../../parts/bar.css';

/** What a filter looked at. It never passes a part for the whole. */
function coverage({ result, reading }: FilteredPages, at: Date | undefined): string {
  const of = `${result?.found.length ? ' match' : 'No page matches'} in the whole address space${at ? `, as of the check of ${clock(at)}` : ''}`;
  if (reading !== undefined) return `${result ? of : ''} · filtering, ${count(reading)} pages read so far`;
  if (!result) return '';
  const rest = result.unread
    ? ` · ${count(result.unread)} more may match: a filter reads ${count(MOST_READ)} pages at most. Add a verdict, region or address to it`
    : '';
  return `${of}${result.read ? `; ${count(result.read)} were read` : ''}${rest}`;
}

function NoMatch({ filtered: { error, reading, result } }: { filtered: FilteredPages }) {
  const space = useSpace((s) => s.space);
  if (error) return <FailureNote failure={error} space={space} />;
  if (reading !== undefined) return <Empty title={`Filtering: ${count(reading)} pages read`} />;
  if (!result) return <Empty title="The filter is applied once the check has finished" />;
  return <Empty title="No page matches the filter">Empty the box above to see the region again.</Empty>;
}

export function PageList() {
  const only = useSpace((s) => s.only);
  const at = useCheck((s) => shownCheck(s)?.at);
  const used = useFilter('pages', PAGE_FIELDS);
  const filtered = usePageFilter(used.filter, only);
  const esc = only ? ' · Esc shows the region again' : '';
  return (
    <div className="grid-frame">
      <div className="table-bar">
        <FilterBox
          label="Filter pages"
          placeholder="Filter all pages: flags has dirty and rights contains x"
          fields={PAGE_FIELDS}
          used={used}
        />
      </div>
      {used.filter ? (
        <PageTable
          found={filtered.result?.found ?? []}
          empty={<NoMatch filtered={filtered} />}
          note={`${coverage(filtered, at)}${only ? `, of those that are “${VERDICT.label(only)}”` : ''}${esc}`}
        />
      ) : (
        <PageTable
          found={undefined}
          empty={
            <Empty title={only ? `No page is “${VERDICT.label(only)}” now` : 'No pages'}>
              {only ? 'Press Esc to see the region again.' : 'Choose a region.'}
            </Empty>
          }
          note={esc}
        />
      )}
    </div>
  );
}
