// SPDX-License-Identifier: GPL-2.0-only
// Labs: a small program runs step by step, with a text for each step and the pages that it maps.
import { useEffect } from 'react';
import type { LabStep } from '../../../contract/api.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { LAB_NAMES, LABS } from '../../../contract/labs.ts';
import { levelName } from '../../../contract/paging.ts';
import { pageStates, sayState } from '../../../contract/watch.ts';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { endLab, nextLabStep, startLab, useLab } from '../../state/lab.ts';
import { selectProcess, selectVa } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote, FailureText } from '../common/FailureNote.tsx';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import './labs.css';

type Page = LabStep['pages'][number];

/** Shows the walk of a page. Reads the process again, because the step may have changed its regions. */
async function look({ pid, startTicks, va }: Page): Promise<void> {
  await selectProcess({ pid, startTicks, name: 'labs' });
  await selectVa(va);
}

function Pages({ pages }: { pages: readonly Page[] }) {
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const va = useSpace((s) => s.va);
  const pid = useSpace((s) => s.space?.pid);
  return (
    <table className="lab-pages">
      <thead>
        <tr>
          <th>Page of</th>
          <th>Root PA</th>
          <th>Address</th>
          <th>Entry</th>
          <th>What</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        {pages.map((page) => {
          const { translation: t } = page;
          const [state] = t?.row ? pageStates(t.row, [page.flags ?? 0n], [page.count ?? 0n], 0n) : [];
          return (
            <tr key={page.label} className={page.pid === pid && page.va === va ? 'here' : ''}>
              <td>
                {page.label} <span className="num dim">{page.pid}</span>
              </td>
              <td className="num">{t ? hex(t.rootPa, 9) : ''}</td>
              <td className="num">
                <button type="button" className="link" onClick={() => void look(page)}>
                  {hexVa(page.va)}
                </button>
              </td>
              <td className="num">{t && state ? `${levelName(t.path.last, levels)} ${hex(state.raw, 16)}` : ''}</td>
              <td>
                {state
                  ? sayState(state)
                  : page.error && <FailureText failure={{ message: page.error, code: 'ERROR', remedy: '' }} />}
                {page.cause && <div className="dim">{page.cause}</div>}
              </td>
              <td>{state && <VerdictChip verdict={state.verdict} />}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

export function LabPane() {
  const lab = useLab((s) => s.lab);
  const text = lab && LABS[lab.name];
  const at = lab?.at;
  // The walk on the right is that of the last page listed, which the step is about.
  useEffect(() => {
    const page = at?.pages.at(-1);
    if (page?.translation) void look(page);
  }, [at]);
  return (
    <Pane label="Labs">
      <PaneTitle title={text ? text.title : 'Labs'}>
        <span className="dim ellipsis">{text ? text.question : 'small real programs, step by step'}</span>
        <span className="spacer" />
        {lab && (
          <button type="button" onClick={endLab}>
            All labs
          </button>
        )}
        {lab && <PlaceMenu place={{ view: 'lab', name: lab.name }} what="this lab" />}
      </PaneTitle>
      <div className="scroll fill labs" tabIndex={0} role="group" aria-label="Lab">
        {!lab &&
          LAB_NAMES.map((name) => (
            <button key={name} type="button" className="lab-card" onClick={() => void startLab(name)}>
              <strong>{LABS[name].title}</strong>
              <span className="dim">{LABS[name].question}</span>
            </button>
          ))}
        {lab?.error && <FailureNote failure={lab.error} />}
        {lab && text && (
          <>
            <ol className="lab-steps">
              {text.steps.map((step, i) => (
                <li
                  key={step.title}
                  className={at?.step === i + 1 ? 'now' : at && (at.step === null || at.step > i) ? '' : 'later'}
                  aria-current={at?.step === i + 1 ? 'step' : undefined}
                >
                  <strong>{step.title}</strong>
                  {at?.step === i + 1 && <p>{step.text}</p>}
                  {at?.step === i + 1 && <Pages pages={at.pages} />}
                </li>
              ))}
            </ol>
            <p>
              {!lab.id && (
                <button type="button" className="primary" onClick={() => void startLab(lab.name)}>
                  Start
                </button>
              )}
              {at && at.step !== null && (
                <button type="button" className="primary" onClick={() => void nextLabStep()}>
                  {at.step < text.steps.length ? 'Next step' : 'Finish'}
                </button>
              )}
              {at?.step === null && (
                <button type="button" className="primary" onClick={() => void startLab(lab.name)}>
                  Run it again
                </button>
              )}
            </p>
          </>
        )}
      </div>
    </Pane>
  );
}
