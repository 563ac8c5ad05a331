// SPDX-License-Identifier: GPL-2.0-only
// One level of the walk: the table, the index, the raw entry and its bits.
import type { Path } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import {
  addressMask,
  decode,
  ENTRY_BYTES,
  flagsOf,
  halfOf,
  INTEL_LEVEL,
  levelName,
  type Permission,
  pfnOf,
  tableIndex,
} from '../../../contract/paging.ts';
import { SLOT_RELATIONS, slotRelation, tableBase } from '../../../contract/table.ts';
import { ENTRY_KIND, type EntryKind } from '../../../contract/verdicts.ts';
import { type FlagChip, Flags } from '../../parts/Flags.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { explainEntry } from '../../state/explain.ts';
import { openFrame } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { EntryBits } from './EntryBits.tsx';

const RIGHTS: readonly (keyof Permission)[] = ['user', 'write', 'execute'];

/** What the entry is, where it is not as usual. */
function kindChip(kind: EntryKind): FlagChip[] {
  if (kind === 'table' || kind === 'leaf') return [];
  const text = kind === 'protNone' ? 'PROT_NONE, inverted' : ENTRY_KIND.label(kind);
  return [{ text, meaning: ENTRY_KIND.meaning(kind), className: 'kind' }];
}

interface Props {
  readonly path: Path;
  readonly level: number;
  readonly va: bigint;
  /** Where each right was denied. */
  readonly denied: Permission | undefined;
  /** The entry of the user root at this level, under PTI. */
  readonly userRaw: bigint | undefined;
}

export function WalkLevel({ path, level, va, denied, userRaw }: Props) {
  const target = useTarget((s) => s.target);
  if (!target) return null;
  const raw = path.entry[level] as bigint;
  const table = path.table[level] as bigint;
  const index = tableIndex(va, level);
  const half = halfOf(va);
  const entry = decode(raw, level, target, half);
  const flags = flagsOf(raw, level, target, target.release, half);
  const chips: FlagChip[] = [
    ...kindChip(entry.kind),
    ...flags
      .filter((f) => f.set)
      .map((f) => ({ text: f.name, meaning: `bit ${f.bit}: ${f.meaning}`, className: f.name === 'NX' ? 'nx' : '' })),
    ...RIGHTS.filter((right) => denied?.[right] === level).map((right) => ({
      text: `denies ${right}`,
      meaning: `this level denies ${right}; those below can’t allow it`,
      className: 'denies',
    })),
  ];
  return (
    <li className={entry.kind}>
      <div className="level-title">
        <strong title={`Intel: ${INTEL_LEVEL[level]}`}>{levelName(level, target.levels)}</strong>
        <span className="num index">[{hex(index, 3)}]</span>
        <span className="num dim">at {hex(table + BigInt(index * ENTRY_BYTES), 9)}</span>
        <LinkButton onClick={() => openFrame(pfnOf(table), index * ENTRY_BYTES, { level, base: tableBase(va, level) })}>
          table ↗
        </LinkButton>
      </div>
      <div className="raw">
        <span className="num">{hex(raw, 16)}</span>
        <LinkButton onClick={() => explainEntry(raw, level, half)}>explain</LinkButton>
      </div>
      <EntryBits raw={raw} mask={addressMask(raw, level, target, half)} flags={flags} />
      <Flags label={`Flags of the ${levelName(level, target.levels)} entry`} flags={chips} />
      {userRaw !== undefined && (
        <p className="user-root">
          in the user root <span className="num">{hex(userRaw, 16)}</span>:{' '}
          {SLOT_RELATIONS[slotRelation(index, raw, userRaw)]}
        </p>
      )}
    </li>
  );
}
