// SPDX-License-Identifier: GPL-2.0-only
// One CPU: the root in use and its process, the task that runs, and the registers if the module reads them.
import type { Cpus } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { pfnOf } from '../../../contract/paging.ts';
import { CR0_BITS, CR4_BITS, cr3Parts, EFER_BITS, type RegisterBit, setBits } from '../../../contract/registers.ts';
import { sayRuns } from '../../../contract/said.ts';
import type { Series } from '../../lib/series.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { Fact } from '../../parts/Fact.tsx';
import { Flags } from '../../parts/Flags.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { copyAction, frameActions, processActions } from '../../state/actions.ts';
import { openFrame } from '../../state/memory.ts';
import { selectProcess } from '../../state/navigate.ts';
import { spaceOfPid, useProcesses } from '../../state/processes.ts';
import { useTarget } from '../../state/target.ts';
import { show } from '../../state/view.ts';
import { menuOf } from '../common/menu.tsx';
import { Term } from '../common/Term.tsx';
import { RootStrip } from './RootStrip.tsx';

function Bits({ name, value, bits }: { name: string; value: bigint; bits: readonly RegisterBit[] }) {
  return (
    <Fact name={name}>
      <span className="num">{hex(value, 16)}</span>
      <Flags
        label={`Bits of ${name}`}
        flags={setBits(value, bits).map((b) => ({ text: b.name, meaning: `bit ${b.bit}: ${b.meaning}` }))}
      />
    </Fact>
  );
}

/** The process that a root belongs to. */
function Owner({ pid, root }: { pid: number; root: bigint }) {
  const processes = useProcesses((s) => s.processes);
  const space = pid ? spaceOfPid(processes, pid) : undefined;
  if (!space) return pid || (root ? 'no process: the kernel’s own' : '—');
  return (
    <LinkButton
      onClick={() => {
        show('space');
        void selectProcess(space);
      }}
    >
      {pid} {space.name}
    </LinkButton>
  );
}

interface Props {
  readonly history: readonly Cpus[];
  readonly at: number;
  /** Of the roots. */
  readonly colours: Series<bigint>;
}

export function Cpu({ history, at, colours }: Props) {
  const mask = useTarget((s) => s.target?.encryptionMask ?? 0n);
  const now = history.at(-1) as Cpus;
  const word = (column: BigUint64Array) => column[at] as bigint;
  const root = word(now.rootPa);
  const parts = cr3Parts(word(now.cr3), word(now.cr4), mask);
  const pid = now.pid[at] as number;
  const runs = sayRuns(pid, now.name[at] as string, now.kernelThread[at] === 1);
  const processes = useProcesses((s) => s.processes);
  const itemsOf = () => {
    const owner = spaceOfPid(processes, now.owner[at] as number);
    return menuOf([
      ...(owner ? processActions(owner) : []),
      ...(root ? frameActions(pfnOf(root)) : []),
      [copyAction('what runs', runs), ...(now.registers ? [copyAction('CR3', hex(word(now.cr3), 16))] : [])],
    ]);
  };
  return (
    <ContextMenu itemsOf={itemsOf} area={<section className="cpu" aria-label={`CPU ${now.cpu[at]}`} />}>
      <h3>CPU {now.cpu[at]}</h3>
      <RootStrip history={history} at={at} colours={colours} />
      <dl className="facts">
        <Fact name={<Term of={now.registers ? 'CR3' : 'root PA'} />} num>
          {now.registers && <>{hex(word(now.cr3), 16)} → root PA </>}
          {root ? <LinkButton onClick={() => openFrame(pfnOf(root))}>0x{hex(root)}</LinkButton> : 'not known'}
          {now.registers &&
            ` · PCID ${parts.pcid === undefined ? 'off' : parts.pcid}${parts.lam ? ` · ${parts.lam}` : ''}`}
        </Fact>
        <Fact name="whose">
          <Owner pid={now.owner[at] as number} root={root} />
          {now.borrowed[at] === 1 && ', borrowed by a kernel thread'}
        </Fact>
        <Fact name="runs">{runs}</Fact>
        {now.registers && (
          <>
            <Bits name="CR4" value={word(now.cr4)} bits={CR4_BITS} />
            <Bits name="CR0" value={word(now.cr0)} bits={CR0_BITS} />
            {word(now.efer) ? (
              <Bits name="EFER" value={word(now.efer)} bits={EFER_BITS} />
            ) : (
              <Fact name="EFER">not known</Fact>
            )}
          </>
        )}
      </dl>
    </ContextMenu>
  );
}
