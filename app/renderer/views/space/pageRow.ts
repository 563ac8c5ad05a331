// SPDX-License-Identifier: GPL-2.0-only
// One row of the list of pages: what each source reports, and why they differ.
import type { Rows, Target } from '../../../contract/api.ts';
import { entryText } from '../../../contract/entry.ts';
import { hex } from '../../../contract/format.ts';
import { decode, flagsOf, mapsFrame, pageSizeName } from '../../../contract/paging.ts';
import { bySource, SOURCE, type Words } from '../../../contract/sources.ts';
import { FRAME_STATUS, NOTE } from '../../../contract/verdicts.ts';
import { hasSource } from '../../lib/sources.ts';

/** What a row of the table shows. */
export interface PageRow {
  readonly va: bigint;
  readonly verdict: number;
  /** What each source reports, and whether there is a table walk to compare it with. */
  readonly said: Words<string>;
  readonly compared: boolean;
  readonly entry: string;
  readonly why: string;
}

/** Row `i` of the rows that were read. */
export function pageRow(rows: Rows, i: number, target: Target): PageRow {
  const hasWalk = hasSource(target, 'tableWalk');
  const raw = rows.words.tableWalk[i] as bigint;
  const level = rows.level[i] as number;
  const entry = decode(raw, level || 1, target);
  const note = NOTE.name(rows.note[i] as number);
  const status = FRAME_STATUS.name(rows.status[i] as number);
  // To an ordinary user the kernel shows that a page is present, and 0 as its frame number.
  const { frame } = SOURCE.word('pagemap').read(rows.words.pagemap[i] as bigint);
  const hidden = !hasSource(target, 'pagemap') && frame === 0n;
  let walk = '—';
  let text = '';
  if (!hasWalk) walk = 'not ready';
  else if (status !== 'ok') walk = 'unreadable';
  else if (mapsFrame(entry.kind)) {
    walk = hex(rows.pfn[i] as bigint, 7);
    const set = new Set(
      flagsOf(raw, level, target, target.release)
        .filter((f) => f.set)
        .map((f) => f.name),
    );
    const access = entry.kind === 'leaf' ? `r${set.has('RW') ? 'w' : '-'}${set.has('NX') ? '-' : 'x'}` : 'no access';
    const used = [...(set.has('A') ? ['accessed'] : []), ...(set.has('D') ? ['dirty'] : [])];
    text = [pageSizeName(entry.shift), access, ...used].join(' · ');
  } else walk = entryText(entry);
  const label = NOTE.label(note);
  return {
    va: rows.va[i] as bigint,
    verdict: rows.verdict[i] as number,
    said: {
      ...bySource((name) => SOURCE.word(name).read(rows.words[name][i] as bigint).text),
      tableWalk: walk,
      ...(hidden && { pagemap: 'present' }),
    },
    compared: hasWalk,
    entry: label && text ? `${label} · ${text}` : label || text,
    why: status !== 'ok' && hasWalk ? FRAME_STATUS.meaning(status) : NOTE.meaning(note),
  };
}
