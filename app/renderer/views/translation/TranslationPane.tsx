// SPDX-License-Identifier: GPL-2.0-only
// The walk of one address as a ladder: at each level the table, the index, the raw entry and its 64 bits.
import type { Path, Translation } from '../../../contract/api.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { differingLevel, kernelWord, sayKernel } from '../../../contract/kernel.ts';
import {
  addressMask,
  decode,
  ENTRY_BYTES,
  type Flag,
  flagsOf,
  halfOf,
  INTEL_LEVEL,
  levelName,
  mapsFrame,
  type Permission,
  pagemapFlags,
  pageSizeName,
  permission,
  permissionWords,
  pfnOf,
  physicalAddress,
  tableIndex,
  userRootOf,
} from '../../../contract/paging.ts';
import { SLOT_RELATIONS, slotRelation, tableBase } from '../../../contract/table.ts';
import { FRAME_STATUS, NOTE, VERDICTS } from '../../../contract/verdicts.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { explainEntry } from '../../state/explain.ts';
import { openAddress, openFrame } from '../../state/memory.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/banner.css';
import '../../parts/facts.css';
import '../../parts/flags.css';
import './translation.css';

function Bits({ raw, mask, flags }: { raw: bigint; mask: bigint; flags: readonly Flag[] }) {
  const byBit = new Map(flags.map((f) => [f.bit, f]));
  return (
    <div className="bits" role="img" aria-label={`Bits 63 to 0: ${raw.toString(2).padStart(64, '0')}`}>
      {Array.from({ length: 64 }, (_, i) => {
        const n = 63 - i;
        const on = (raw >> BigInt(n)) & 1n;
        const flag = byBit.get(n);
        const kind =
          n === 63 ? 'nx' : flag ? (n >= 9 ? 'soft' : 'flag') : (mask >> BigInt(n)) & 1n ? 'address' : 'other';
        return (
          <i
            key={n}
            className={`bit-${kind} ${on ? 'on' : ''}`}
            title={`bit ${n} = ${on}${flag ? `: ${flag.name}, ${flag.meaning}` : kind === 'address' ? ': address' : ''}`}
          />
        );
      })}
    </div>
  );
}

const RIGHTS = { user: 'U', write: 'W', execute: 'X' } as const;

interface RungProps {
  readonly path: Path;
  readonly level: number;
  readonly va: bigint;
  /** Where each right was denied. */
  readonly denied: Permission | undefined;
  /** The entry of the user root at this level, under PTI. */
  readonly userRaw: bigint | undefined;
}

function Rung({ path, level, va, denied, userRaw }: RungProps) {
  const target = useTarget((s) => s.target);
  if (!target) return null;
  const raw = path.entry[level] as bigint;
  const table = path.table[level] as bigint;
  const index = tableIndex(va, level);
  const half = halfOf(va);
  const entry = decode(raw, level, target, half);
  const flags = flagsOf(raw, level, target, target.release, half);
  return (
    <li className={entry.kind}>
      <div className="rung-title">
        <strong title={`Intel: ${INTEL_LEVEL[level]}`}>{levelName(level, target.levels)}</strong>
        <span className="num index">[{hex(index, 3)}]</span>
        <span className="num dim">at {hex(table + BigInt(index * ENTRY_BYTES), 9)}</span>
        <button
          type="button"
          className="link"
          onClick={() => openFrame(pfnOf(table), index * ENTRY_BYTES, { level, base: tableBase(va, level) })}
        >
          table ↗
        </button>
      </div>
      <div className="raw">
        <span className="num">{hex(raw, 16)}</span>
        <button type="button" className="link" onClick={() => explainEntry(raw, level, half)}>
          explain
        </button>
      </div>
      <Bits raw={raw} mask={addressMask(raw, level, target, half)} flags={flags} />
      <div className="flags">
        {entry.kind !== 'table' && entry.kind !== 'leaf' && (
          <span className="flag kind">{entry.kind === 'protNone' ? 'PROT_NONE, inverted' : entry.kind}</span>
        )}
        {flags
          .filter((f) => f.set)
          .map((f) => (
            <span key={f.bit} className={`flag ${f.name === 'NX' ? 'nx' : ''}`} title={`bit ${f.bit}: ${f.meaning}`}>
              {f.name}
            </span>
          ))}
        {denied &&
          Object.entries(RIGHTS).map(([right, letter]) =>
            denied[right as keyof Permission] === level ? (
              <span
                key={right}
                className="flag denies"
                title={`this level denies ${right}; those below can't allow it`}
              >
                denies {letter}
              </span>
            ) : null,
          )}
      </div>
      {userRaw !== undefined && (
        <p className="user-root">
          in the user root <span className="num">{hex(userRaw, 16)}</span>:{' '}
          {SLOT_RELATIONS[slotRelation(index, raw, userRaw)]}
        </p>
      )}
    </li>
  );
}

function mayBeUsed(path: Path, levels: number, ignoreRootNx: boolean): string {
  if (((path.entry[path.last] ?? 0n) & 1n) === 0n) return 'no access: the CPU faults';
  return permissionWords(permission(path.entry, path.last, levels, ignoreRootNx));
}

function KernelSays({ translation: { kernel, path, row }, levels }: { translation: Translation; levels: number }) {
  const word = row?.kernel[0];
  if (!kernel && word) return `${sayKernel(word)}; the capture has its word, not its levels`;
  if (!kernel) return 'not ready: the module is not loaded';
  const { kind } = kernelWord(kernel.word);
  const differs = differingLevel(kernel, path, levels);
  return (
    <>
      <span className="num">
        {kind === 'page' && 'PFN '}
        {kind === 'page' ? hex(kernelWord(kernel.word).value) : sayKernel(kernel.word)}
      </span>
      <br />
      <span className="dim">
        {kernel.last === 0
          ? 'it looks into regions only'
          : differs
            ? `another ${levelName(differs, levels)} than the table walk's`
            : 'by the same tables and entries'}
      </span>
    </>
  );
}

export function TranslationPane() {
  const target = useTarget((s) => s.target);
  const va = useSpace((s) => s.va);
  const space = useSpace((s) => s.space);
  const t = useSpace((s) => s.translation);
  const error = useSpace((s) => s.translationError);
  const title = (
    <PaneTitle title="Translation">
      {va !== undefined && <span className="num dim">{hexVa(va)}</span>}
      <span className="spacer" />
      {va !== undefined && space && (
        <PlaceMenu place={{ view: 'address', pid: space.pid, va }} what="this translation" />
      )}
    </PaneTitle>
  );
  if (error)
    return (
      <Pane label="Translation">
        {title}
        <Empty title={error.message}>{error.remedy}</Empty>
      </Pane>
    );
  if (!t || va === undefined || !target)
    return (
      <Pane label="Translation">
        {title}
        <Empty title="No address is chosen">Choose a page in the table, or paste an address into the box above.</Empty>
      </Pane>
    );
  const { path } = t;
  const rungs = Array.from({ length: target.levels }, (_, i) => target.levels - i).filter(
    (level) => path.last > 0 && level >= path.last,
  );
  const mapped = mapsFrame(decode(path.entry[path.last] ?? 0n, path.last || 1, target, halfOf(va)).kind);
  const pa = mapped ? physicalAddress(va, path.leaf) : undefined;
  const present = ((path.entry[path.last] ?? 0n) & 1n) !== 0n;
  const denied = present
    ? permission((t.userPath ?? path).entry, path.last, target.levels, target.pti && !t.userPath)
    : undefined;
  const status = FRAME_STATUS.name(path.status);
  const row = t.row;
  const verdict = row && VERDICTS[row.verdict[0] as number];
  const note = row ? NOTE.name(row.note[0] as number) : 'none';
  return (
    <Pane label="Translation">
      {title}
      <div className="scroll ladder-pane" tabIndex={0} role="group" aria-label="The walk">
        <p className="ladder-root">
          root PA (mm→pgd) <span className="num strong">0x{hex(t.rootPa)}</span>
          {t.userPath && (
            <>
              {' '}
              · user root <span className="num">0x{hex(userRootOf(t.rootPa))}</span>
            </>
          )}
        </p>
        <ol className="ladder">
          {rungs.map((level) => (
            <Rung
              key={level}
              path={path}
              level={level}
              va={va}
              denied={denied}
              userRaw={level === target.levels ? t.userPath?.entry[level] : undefined}
            />
          ))}
        </ol>
        {status !== 'ok' && <p className="banner">The next table can't be read: {FRAME_STATUS.meaning(status)}.</p>}
        <dl className="facts sources">
          <div>
            <dt>Physical address</dt>
            <dd className="num">
              {pa === undefined ? (
                'nothing mapped'
              ) : (
                <button type="button" className="link" onClick={() => openAddress(pa)}>
                  0x{hex(pa)}
                </button>
              )}
            </dd>
          </div>
          {mapped && (
            <div>
              <dt>Page</dt>
              <dd>
                {pageSizeName(path.leaf.shift)} ·{' '}
                {mayBeUsed(t.userPath ?? path, target.levels, target.pti && !t.userPath)}
              </dd>
            </div>
          )}
          <div>
            <dt>pagemap</dt>
            <dd>
              {row ? (
                <>
                  <span className="num">{hex(row.pagemap[0] as bigint, 16)}</span>
                  <br />
                  <span className="dim">{pagemapFlags(row.pagemap[0] as bigint).join(' · ') || 'nothing'}</span>
                </>
              ) : (
                'does not cover the kernel half'
              )}
            </dd>
          </div>
          <div>
            <dt>kernel walk</dt>
            <dd>
              <KernelSays translation={t} levels={target.levels} />
            </dd>
          </div>
          {row && (
            <>
              <div>
                <dt>table walk</dt>
                <dd className="num">{mapped ? `PFN ${hex(row.pfn[0] as bigint)}` : hex(row.entry[0] as bigint, 16)}</dd>
              </div>
              <div>
                <dt>Verdict</dt>
                <dd>{verdict && <VerdictChip verdict={verdict} />}</dd>
              </div>
            </>
          )}
        </dl>
        {note !== 'none' && <p className="explain">{NOTE.meaning(note)}</p>}
      </div>
    </Pane>
  );
}
