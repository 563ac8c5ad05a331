// SPDX-License-Identifier: GPL-2.0-only
// Where the walk ends, what each source reports, and the verdict.
import type { Path, Target, Translation } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import {
  decode,
  halfOf,
  isPresent,
  mapsFrame,
  pageSizeName,
  permission,
  permissionWords,
  pfnOf,
  physicalAddress,
} from '../../../contract/paging.ts';
import { hasKind, said } from '../../../contract/said.ts';
import { PAGE_SOURCES, SOURCE } from '../../../contract/sources.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { hasSource } from '../../lib/sources.ts';
import { Fact } from '../../parts/Fact.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { openAddress } from '../../state/memory.ts';
import { Term } from '../common/Term.tsx';

function mayBeUsed(path: Path, levels: number, ignoreRootNx: boolean): string {
  if (!isPresent(path.entry[path.last] ?? 0n)) return 'no access: the CPU faults';
  return permissionWords(permission(path.entry, path.last, levels, ignoreRootNx));
}

/** What a source says of the address, or why it says nothing. */
function SourceSays({ name, t, target }: { name: (typeof PAGE_SOURCES)[number]; t: Translation; target: Target }) {
  const it = said(t, name, target.levels);
  const { absent } = SOURCE.word(name);
  if (!it && absent && !hasSource(target, name)) return `not ready: ${absent}`;
  if (!it) return t.row ? 'was not asked' : 'does not cover the kernel half';
  const more = [...(it.flags ? [it.flags.join(' · ') || 'nothing'] : []), ...(it.way ? [it.way] : [])];
  return (
    <>
      <span className="num">
        {it.flags ? hex(it.word, 16) : it.frame === undefined ? it.text : `PFN ${hex(it.frame)}`}
      </span>
      <br />
      <span className="dim">{more.join(' · ')}</span>
    </>
  );
}

export function SourceFacts({ translation: t, va, target }: { translation: Translation; va: bigint; target: Target }) {
  const { path, row } = t;
  const mapped = mapsFrame(decode(path.entry[path.last] ?? 0n, path.last || 1, target, halfOf(va)).kind);
  const pa = mapped ? physicalAddress(va, path.leaf) : undefined;
  return (
    <dl className="facts sources">
      <Fact name="Physical address" num>
        {pa === undefined ? 'nothing mapped' : <LinkButton onClick={() => openAddress(pa)}>0x{hex(pa)}</LinkButton>}
      </Fact>
      {mapped && (
        <Fact name={<Term of="page">Page</Term>}>
          {pageSizeName(path.leaf.shift)} · {mayBeUsed(t.userPath ?? path, target.levels, target.pti && !t.userPath)}
        </Fact>
      )}
      {PAGE_SOURCES.filter((name) => hasKind(target, name)).map((name) => (
        <Fact key={name} name={SOURCE.label(name)}>
          <SourceSays name={name} t={t} target={target} />
        </Fact>
      ))}
      <Fact name={<Term of="table walk">{SOURCE.label('tableWalk')}</Term>} num>
        {pa === undefined ? hex(path.entry[path.last] ?? 0n, 16) : `PFN ${hex(pfnOf(pa))}`}
      </Fact>
      <Fact name={<Term of="verdict">Verdict</Term>}>
        {row ? (
          <VerdictChip verdict={VERDICT.name(row.verdict[0] as number)} />
        ) : (
          'none: the kernel half is not cross-checked'
        )}
      </Fact>
    </dl>
  );
}
