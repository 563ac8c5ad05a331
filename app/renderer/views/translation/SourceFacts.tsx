// SPDX-License-Identifier: GPL-2.0-only
// Where the walk ends, what each source reports, and the verdict.
import type { Path, Target, Translation } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { differingLevel, kernelText, kernelWord } from '../../../contract/kernel.ts';
import {
  decode,
  halfOf,
  isPresent,
  levelName,
  mapsFrame,
  pagemapFlags,
  pageSizeName,
  permission,
  permissionWords,
  physicalAddress,
} from '../../../contract/paging.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { Fact } from '../../parts/Fact.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { openAddress } from '../../state/memory.ts';

function mayBeUsed(path: Path, levels: number, ignoreRootNx: boolean): string {
  if (!isPresent(path.entry[path.last] ?? 0n)) return 'no access: the CPU faults';
  return permissionWords(permission(path.entry, path.last, levels, ignoreRootNx));
}

function KernelSays({ translation: { kernel, path, row }, levels }: { translation: Translation; levels: number }) {
  const word = row?.kernel[0];
  if (!kernel && word) return `${kernelText(word)}; the capture has its word, not its levels`;
  if (!kernel) return 'not ready: the module is not loaded';
  const { kind } = kernelWord(kernel.word);
  const differs = differingLevel(kernel, path, levels);
  return (
    <>
      <span className="num">
        {kind === 'page' && 'PFN '}
        {kind === 'page' ? hex(kernelWord(kernel.word).value) : kernelText(kernel.word)}
      </span>
      <br />
      <span className="dim">
        {kernel.last === 0
          ? 'it looks into regions only'
          : differs
            ? `another ${levelName(differs, levels)} than the table walk’s`
            : 'by the same tables and entries'}
      </span>
    </>
  );
}

export function SourceFacts({ translation: t, va, target }: { translation: Translation; va: bigint; target: Target }) {
  const { path, row } = t;
  const mapped = mapsFrame(decode(path.entry[path.last] ?? 0n, path.last || 1, target, halfOf(va)).kind);
  const pa = mapped ? physicalAddress(va, path.leaf) : undefined;
  const pagemap = row?.pagemap[0] as bigint;
  return (
    <dl className="facts sources">
      <Fact name="Physical address" num>
        {pa === undefined ? 'nothing mapped' : <LinkButton onClick={() => openAddress(pa)}>0x{hex(pa)}</LinkButton>}
      </Fact>
      {mapped && (
        <Fact name="Page">
          {pageSizeName(path.leaf.shift)} · {mayBeUsed(t.userPath ?? path, target.levels, target.pti && !t.userPath)}
        </Fact>
      )}
      <Fact name="pagemap">
        {row ? (
          <>
            <span className="num">{hex(pagemap, 16)}</span>
            <br />
            <span className="dim">{pagemapFlags(pagemap).join(' · ') || 'nothing'}</span>
          </>
        ) : (
          'does not cover the kernel half'
        )}
      </Fact>
      <Fact name="kernel walk">
        <KernelSays translation={t} levels={target.levels} />
      </Fact>
      {row && (
        <>
          <Fact name="table walk" num>
            {mapped ? `PFN ${hex(row.pfn[0] as bigint)}` : hex(row.entry[0] as bigint, 16)}
          </Fact>
          <Fact name="Verdict">
            <VerdictChip verdict={VERDICT.name(row.verdict[0] as number)} />
          </Fact>
        </>
      )}
    </dl>
  );
}
