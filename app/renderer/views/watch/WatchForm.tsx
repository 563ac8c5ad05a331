// SPDX-License-Identifier: GPL-2.0-only
// Which pages to watch, and how often.
import { useEffect, useState } from 'react';
import { hexVa, parseU64 } from '../../../contract/format.ts';
import { pageBytes, pageOf } from '../../../contract/paging.ts';
import { FormBar } from '../../parts/Bar.tsx';
import { useKept } from '../../state/kept.ts';
import { useSpace } from '../../state/space.ts';
import { sampleWatch, startWatch, stopWatch, useWatch } from '../../state/watch.ts';

/** In ms; 0 takes samples on request only. */
const INTERVALS = [50, 100, 500, 1000, 10_000, 0];
/** The largest range. */
const MOST_PAGES = 65536n;

export function WatchForm({ running, hidden }: { running: boolean; hidden: boolean }) {
  const space = useSpace((s) => s.space);
  const va = useSpace((s) => s.va);
  const region = useSpace((s) => s.region);
  const regions = useSpace((s) => s.regions);
  const byHand = useWatch((s) => s.watched?.intervalMs === 0);
  const [from, setFrom] = useState('');
  const [pages, setPages] = useKept('watch.pages', '16');
  const [interval, setIntervalMs] = useKept('watch.interval', 100);
  const page = va === undefined ? regions?.begin[region] : pageOf(va);
  useEffect(() => {
    if (page !== undefined) setFrom(hexVa(page));
  }, [page]);
  const begin = parseU64(from, true);
  const number = /^\d{1,5}$/.test(pages) ? BigInt(pages) : 0n;
  const wrong =
    begin === undefined
      ? `“${from}” is not an address`
      : number < 1n || number > MOST_PAGES
        ? `give 1 to ${MOST_PAGES} pages`
        : '';
  const start = (also: boolean) => {
    if (space && begin !== undefined && !wrong)
      void startWatch(space, pageOf(begin), pageOf(begin) + pageBytes(number), interval, also);
  };
  return (
    <FormBar
      hidden={hidden}
      onSubmit={() => {
        if (running) stopWatch();
        else start(false);
      }}
    >
      <label>
        from <input className="num" aria-label="First page" value={from} onChange={(e) => setFrom(e.target.value)} />
      </label>
      <label>
        <input
          className="num pages"
          aria-label="Number of pages"
          value={pages}
          onChange={(e) => setPages(e.target.value)}
        />{' '}
        pages
      </label>
      <label>
        sampled{' '}
        <select value={interval} disabled={running} onChange={(e) => setIntervalMs(Number(e.target.value))}>
          {INTERVALS.map((ms) => (
            <option key={ms} value={ms}>
              {ms ? `each ${ms / 1000} s` : 'when I ask'}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={!running && wrong !== ''}>
        {running ? 'Stop' : 'Watch'}
      </button>
      {running && (
        <button type="button" disabled={wrong !== ''} onClick={() => start(true)}>
          Watch this, too
        </button>
      )}
      {running && byHand && (
        <button type="button" onClick={sampleWatch}>
          Sample now
        </button>
      )}
      <span className={wrong ? 'bad' : 'dim'} role="status">
        {wrong}
      </span>
    </FormBar>
  );
}
