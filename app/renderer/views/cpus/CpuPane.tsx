// SPDX-License-Identifier: GPL-2.0-only
// Which root is in force on each CPU, live, with a strip of what was seen before.
import { useEffect, useState } from 'react';
import type { Cpus, Failure } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { pfnOf } from '../../../contract/paging.ts';
import {
  CR0_BITS,
  CR4_BITS,
  cr3Parts,
  EFER_BITS,
  type RegisterBit,
  setBits,
  WHY_CR3_CHANGES,
} from '../../../contract/registers.ts';
import { explorer, failure } from '../../lib/client.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { openFrame } from '../../state/memory.ts';
import { selectProcess } from '../../state/navigate.ts';
import { useProcesses } from '../../state/processes.ts';
import { useTarget } from '../../state/target.ts';
import { show } from '../../state/view.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/facts.css';
import '../../parts/flags.css';
import './cpus.css';

const PERIOD_MS = 200;
const SAMPLES = 150;

/** The samples of the last half minute, oldest first. */
function useCpus(): { history: readonly Cpus[]; error: Failure | undefined } {
  const [history, setHistory] = useState<readonly Cpus[]>([]);
  const [error, setError] = useState<Failure>();
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const sample = async () => {
      try {
        const now = document.hidden ? undefined : await explorer().call('cpus', {});
        if (!current) return;
        setError(undefined);
        if (now) setHistory((list) => [...list.slice(1 - SAMPLES), now]);
      } catch (reason) {
        if (current) setError(failure(reason));
      }
      if (current) timer = setTimeout(sample, PERIOD_MS);
    };
    void sample();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, []);
  return { history, error };
}

/** A colour for each root; neighbours in memory get hues far apart. */
const colourOf = (root: bigint) => (root ? `hsl(${Number(pfnOf(root) * 137n) % 360} 60% 52%)` : 'var(--raised)');

function Strip({ history, at }: { history: readonly Cpus[]; at: number }) {
  const roots = history.map((c) => c.rootPa[at] ?? 0n);
  const switches = roots.filter((r, i) => i > 0 && r !== roots[i - 1]).length;
  return (
    <div className="cpu-strip" role="img" aria-label={`${switches} changes of the root in ${roots.length} samples`}>
      {roots.map((root, i) => (
        <i key={i} style={{ background: colourOf(root) }} title={root ? `0x${hex(root)}` : 'not known'} />
      ))}
    </div>
  );
}

function Bits({ name, value, bits }: { name: string; value: bigint; bits: readonly RegisterBit[] }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span className="num">{hex(value, 16)}</span>
        <div className="flags">
          {setBits(value, bits).map((b) => (
            <span key={b.bit} className="flag" title={`bit ${b.bit}: ${b.meaning}`}>
              {b.name}
            </span>
          ))}
        </div>
      </dd>
    </div>
  );
}

function Cpu({ history, at }: { history: readonly Cpus[]; at: number }) {
  const mask = useTarget((s) => s.target?.encryptionMask ?? 0n);
  const processes = useProcesses((s) => s.processes);
  const now = history.at(-1) as Cpus;
  const word = (column: BigUint64Array) => column[at] as bigint;
  const owner = now.owner[at] as number;
  const ownerAt = owner && processes ? processes.pid.indexOf(owner) : -1;
  const root = word(now.rootPa);
  const parts = cr3Parts(word(now.cr3), word(now.cr4), mask);
  const pid = now.pid[at] as number;
  return (
    <section className="cpu" aria-label={`CPU ${now.cpu[at]}`}>
      <h3>CPU {now.cpu[at]}</h3>
      <Strip history={history} at={at} />
      <dl className="facts">
        <div>
          <dt>{now.registers ? 'CR3' : 'root PA'}</dt>
          <dd className="num">
            {now.registers && <>{hex(word(now.cr3), 16)} → root PA </>}
            {root ? (
              <button type="button" className="link" onClick={() => openFrame(pfnOf(root))}>
                0x{hex(root)}
              </button>
            ) : (
              'not known'
            )}
            {now.registers &&
              ` · PCID ${parts.pcid === undefined ? 'off' : parts.pcid}${parts.lam ? ` · ${parts.lam}` : ''}`}
          </dd>
        </div>
        <div>
          <dt>whose</dt>
          <dd>
            {ownerAt >= 0 && processes ? (
              <button
                type="button"
                className="link"
                onClick={() => {
                  show('space');
                  void selectProcess({
                    pid: owner,
                    startTicks: processes.startTicks[ownerAt] as bigint,
                    name: processes.name[ownerAt] as string,
                  });
                }}
              >
                {owner} {processes.name[ownerAt]}
              </button>
            ) : owner ? (
              owner
            ) : root ? (
              'no process: the kernel’s own'
            ) : (
              '—'
            )}
            {now.borrowed[at] === 1 && ', borrowed by a kernel thread'}
          </dd>
        </div>
        <div>
          <dt>runs</dt>
          <dd>
            {pid
              ? `${pid} ${now.kernelThread[at] ? `[${now.name[at]}]` : now.name[at]}`
              : now.name[at] || 'idle, or hidden from this PID namespace'}
          </dd>
        </div>
        {now.registers && (
          <>
            <Bits name="CR4" value={word(now.cr4)} bits={CR4_BITS} />
            <Bits name="CR0" value={word(now.cr0)} bits={CR0_BITS} />
            <Bits name="EFER" value={word(now.efer)} bits={EFER_BITS} />
          </>
        )}
      </dl>
    </section>
  );
}

export function CpuPane() {
  const { history, error } = useCpus();
  const now = history.at(-1);
  return (
    <Pane label="CPUs">
      <PaneTitle title="CR3 of every CPU">
        <span className="dim ellipsis">
          {now &&
            (now.registers
              ? 'registers read on each CPU by the module'
              : 'derived by bpf from the task that is on each CPU; the registers take the module')}
        </span>
        <span className="spacer" />
        <PlaceMenu place={{ view: 'cpus' }} what="the CPUs" />
      </PaneTitle>
      {error && <Empty title={error.message}>{error.remedy}</Empty>}
      {!now && !error && <Empty title="Reading the CPUs…" />}
      {now && (
        <div className="scroll fill cpus" tabIndex={0} role="group" aria-label="CPUs">
          {Array.from(now.cpu, (cpu, at) => (
            <Cpu key={cpu} history={history} at={at} />
          ))}
          <section className="why">
            <h3>Why does CR3 change each time it is read?</h3>
            <ul>
              {WHY_CR3_CHANGES.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </section>
        </div>
      )}
    </Pane>
  );
}
