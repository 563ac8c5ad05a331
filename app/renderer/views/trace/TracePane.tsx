// SPDX-License-Identifier: GPL-2.0-only
// The roots of a program that was launched, or of a process that was attached to, through exec and fork.
import { useCallback, useState } from 'react';
import type { Traced } from '../../../contract/api.ts';
import { count } from '../../../contract/format.ts';
import { MOST_KEPT } from '../../lib/history.ts';
import { Banner } from '../../parts/Banner.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { Toggle } from '../../parts/Toggle.tsx';
import { useKept } from '../../state/kept.ts';
import { useTarget } from '../../state/target.ts';
import { type Trace, type TracedEvent, useTrace } from '../../state/trace.ts';
import { FailureNote, FailureText } from '../common/FailureNote.tsx';
import { RecordButton } from '../common/RecordButton.tsx';
import { ChosenEvent } from './ChosenEvent.tsx';
import { EventTable } from './EventTable.tsx';
import { LifetimeTable } from './LifetimeTable.tsx';
import { showRecordedTrace, TraceForm } from './TraceForm.tsx';
import './trace.css';

function saySeen(trace: Trace): string {
  const kept = trace.seen > MOST_KEPT ? `, the last ${count(MOST_KEPT)} kept` : '';
  const end =
    trace.ended && 'cancelled' in trace.ended
      ? trace.ended.cancelled
        ? ' · let go, all runs on'
        : ' · all have ended, or were let go'
      : '';
  return `${count(trace.seen)} events${kept}${end}`;
}

function Nothing({ captured }: { captured: boolean }) {
  return captured ? (
    <Empty title="Nothing is shown yet">Recorded trace shows what the capture has of exec, fork and exit.</Empty>
  ) : (
    <Empty title="Nothing is traced">
      Launch a program to see its root before and after exec, and those of all that it forks. It gets no terminal here;{' '}
      <code>cr3scope trace</code> gives it yours. Or attach to a running process, or listen to the whole machine.
    </Empty>
  );
}

export function TracePane() {
  const captured = useTarget((s) => s.target?.capture !== null);
  const trace = useTrace((s) => s.trace);
  const error = useTrace((s) => s.error);
  const [asEvents, setAsEvents] = useKept('trace.asEvents', false);
  const [chosen, setChosen] = useState<number>();
  const running = trace !== undefined && !trace.ended;
  const event = trace?.events.find((e) => e.id === chosen);
  const select = useCallback((e: Traced | undefined) => setChosen((e as TracedEvent | undefined)?.id), []);
  return (
    <Pane label="Trace">
      <PaneTitle title="Trace exec and fork">
        <span className="dim ellipsis">{trace && saySeen(trace)}</span>
        <span className="spacer" />
        {trace && (
          <Toggle
            label="Show"
            choices={{ spaces: 'Address spaces', events: 'Events' }}
            chosen={asEvents ? 'events' : 'spaces'}
            onChoose={(choice) => setAsEvents(choice === 'events')}
          />
        )}
        <RecordButton />
        {captured && (
          <button type="button" disabled={running} onClick={() => void showRecordedTrace()}>
            Recorded trace
          </button>
        )}
      </PaneTitle>
      <TraceForm running={running} hidden={captured} />
      {error && <FailureNote failure={error} />}
      {trace?.ended && 'error' in trace.ended && (
        <Banner role="alert">
          <FailureText failure={trace.ended.error} />
        </Banner>
      )}
      {!trace && !error && <Nothing captured={captured} />}
      {event && <ChosenEvent event={event} />}
      {trace &&
        (asEvents ? (
          <EventTable trace={trace} chosen={chosen} onChoose={setChosen} />
        ) : (
          <LifetimeTable trace={trace} select={select} />
        ))}
    </Pane>
  );
}
