// SPDX-License-Identifier: GPL-2.0-only
// The root in use on each CPU, live, with a strip of the roots seen before.
import { WHY_CR3_CHANGES } from '../../../contract/registers.ts';
import { cpusBy } from '../../../contract/said.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useSeries } from '../../parts/useSeries.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Cpu } from './Cpu.tsx';
import { RootKey, rootsOf } from './RootKey.tsx';
import { useCpus } from './useCpus.ts';
import './cpus.css';

export function CpuPane() {
  const { history, error } = useCpus();
  const target = useTarget((s) => s.target);
  const roots = rootsOf(history);
  const colours = useSeries(roots.map(({ root }) => root));
  const now = history.at(-1);
  return (
    <Pane label="CPUs">
      <PaneTitle title="CR3 of every CPU">
        <span className="dim ellipsis">{now && target && cpusBy(target, now.registers)}</span>
        <span className="spacer" />
        <PlaceMenu place={{ view: 'cpus' }} what="the CPUs" />
      </PaneTitle>
      {error && <FailureNote failure={error} />}
      {!now && !error && <Empty title="Reading the CPUs…" />}
      {now && (
        <div className="scroll fill cpus" tabIndex={0} role="group" aria-label="CPUs">
          {now.cpu.length === 0 && <Empty title="No CPU is known" />}
          {Array.from(now.cpu, (cpu, at) => (
            <Cpu key={cpu} history={history} at={at} colours={colours} />
          ))}
          <RootKey roots={roots} colours={colours} />
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
