// SPDX-License-Identifier: GPL-2.0-only
// The walk of one address in words, for a terminal or a lecture: every step of the hardware, every flag.
import type { Path, Target, Translation } from '../../contract/api.ts';
import { explain } from '../../contract/explain.ts';
import { hex, hexVa } from '../../contract/format.ts';
import {
  addressMask,
  decode,
  type Flag,
  flagsOf,
  halfOf,
  levelName,
  mapsFrame,
  pageOffset,
  pageSizeName,
  permission,
  permissionWords,
  pfnOf,
  physicalAddress,
  tableIndex,
  userRootOf,
} from '../../contract/paging.ts';
import { hasKind, said } from '../../contract/said.ts';
import { PAGE_SOURCES, SOURCE } from '../../contract/sources.ts';
import { FRAME_STATUS, NOTE, VERDICT } from '../../contract/verdicts.ts';

type Facts = Pick<Target, 'levels' | 'maxPhysBits' | 'encryptionMask' | 'swap' | 'pti' | 'release' | 'sources'>;

const BIT_RULER = '63    56 55    48 47    40 39    32 31    24 23    16 15     8 7      0';

const bits = (raw: bigint) => (raw.toString(2).padStart(64, '0').match(/.{8}/g) ?? []).join(' ');

/** "bit  5", or "bits 59..62" of the protection key. */
const bitNumbers = ({ bit, high }: Flag) => (high > bit ? `bits ${bit}..${high}` : `bit ${String(bit).padStart(2)}`);

function* rungs(path: Path, va: bigint, facts: Facts, ignoreRootNx: boolean): Generator<string> {
  for (let level = facts.levels; level >= 1 && path.last && level >= path.last; level--) {
    const name = levelName(level, facts.levels);
    const half = halfOf(va);
    const raw = path.entry[level] as bigint;
    const table = path.table[level] as bigint;
    const index = tableIndex(va, level);
    yield '';
    yield `${name.padEnd(4)}table 0x${hex(table)}, index 0x${hex(index, 3)} (${index}): entry at 0x${hex(table + BigInt(index * 8))}`;
    yield `    0x${hex(raw, 16)}`;
    yield `    ${BIT_RULER}`;
    yield `    ${bits(raw)}`;
    yield `    ${explain(raw, level, facts, facts.release, half).summary}`;
    for (const f of flagsOf(raw, level, facts, facts.release, half).filter((flag) => flag.set))
      yield `      ${bitNumbers(f).padEnd(6)} ${f.name.padEnd(11)} ${f.meaning}`;
    const mask = addressMask(raw, level, facts, half);
    if (mask) yield `      address bits 0x${hex(mask, 16)}`;
    if (raw & 1n) {
      const so = permission(path.entry, level, facts.levels, ignoreRootNx);
      const denied = [
        so.user === level && 'user mode',
        so.write === level && 'writing',
        so.execute === level && 'execution',
      ].filter(Boolean);
      yield `      so far: ${permissionWords(so)}${denied.length ? `; this level denies ${denied.join(' and ')}` : ''}`;
    }
  }
}

/** The walk as lines. `va` is canonical; `region` is what regionText() says of it. */
export function tellWalk(pid: number, va: bigint, t: Translation, facts: Facts, region?: string): string[] {
  const { path } = t;
  const { levels } = facts;
  const names = Array.from({ length: levels }, (_, i) => levels - i);
  const lines = [
    `process ${pid}, address ${hexVa(va)}${t.row ? '' : ' (kernel half: pagemap does not cover it)'}`,
    ...(region === undefined ? [] : [`region ${region}`]),
    `split into ${names.map((l) => `${levelName(l, levels)} 0x${hex(tableIndex(va, l), 3)}`).join(', ')}, offset 0x${hex(pageOffset(va), 3)}`,
    `root PA 0x${hex(t.rootPa)}: mm->pgd, what CR3 carries in its address bits`,
    ...rungs(path, va, facts, facts.pti),
    '',
  ];
  const status = FRAME_STATUS.name(path.status);
  if (status !== 'ok') lines.push(`the next table can’t be read: ${FRAME_STATUS.meaning(status)}`);
  const leaf = decode(path.entry[path.last] ?? 0n, path.last || 1, facts, halfOf(va));
  const mapped = mapsFrame(leaf.kind);
  if (mapped && status === 'ok') {
    const pa = physicalAddress(va, leaf);
    lines.push(`physical address 0x${hex(pa)}, frame 0x${hex(pfnOf(pa))}, ${pageSizeName(leaf.shift)} page`);
    if ((path.entry[path.last] as bigint) & 1n) {
      const may = permission(path.entry, path.last, levels, facts.pti);
      const why = [
        may.user && `user mode by the ${levelName(may.user, levels)}`,
        may.write && `writing by the ${levelName(may.write, levels)}`,
        may.execute && `execution by the ${levelName(may.execute, levels)}`,
      ].filter(Boolean);
      lines.push(`may be used by ${permissionWords(may)}${why.length ? `; denied: ${why.join(', ')}` : ''}`);
    } else lines.push('no access: P is clear, so the CPU faults');
  } else if (status === 'ok') lines.push('nothing is mapped');
  if (t.userPath) {
    const user = t.userPath;
    lines.push(`user root 0x${hex(userRootOf(t.rootPa))}: what CR3 carries in user mode, as PTI is on`);
    const poison = ((path.entry[levels] as bigint) >> 63n) & 1n && !(((user.entry[levels] as bigint) >> 63n) & 1n);
    if (poison)
      lines.push(
        '  the kernel root has NX on this slot and the user root does not: it keeps user code from running on the kernel root, and is not a property of the page',
      );
    lines.push(
      user.leaf.pfn === path.leaf.pfn && user.last === path.last
        ? '  both roots lead to the same entry'
        : `  the user root ends at its ${user.last ? levelName(user.last, levels) : 'root'}: user mode does not see this address`,
    );
  }
  for (const name of PAGE_SOURCES) {
    const it = hasKind(facts, name) ? said(t, name, levels) : undefined;
    if (!it) continue;
    const what = it.flags ? `0x${hex(it.word, 16)}  ${it.flags.join(', ') || 'nothing'}` : it.text;
    lines.push(`${SOURCE.label(name)} ${what}${it.way ? `, ${it.way}` : ''}`);
  }
  if (t.row) {
    const note = NOTE.name(t.row.note[0] ?? 0);
    lines.push(
      `verdict ${VERDICT.label(VERDICT.name(t.row.verdict[0] ?? 0))}${note === 'none' ? '' : `, ${NOTE.label(note)}`}`,
    );
    if (note !== 'none') lines.push(`  ${NOTE.meaning(note)}`);
  }
  return lines;
}
