// Small parts that every view uses.
import type { ReactNode } from 'react';
import { VERDICT, type Verdict } from '../../contract/verdicts.ts';

export function VerdictChip({ verdict }: { verdict: Verdict }) {
  return (
    <span className={`chip v-${verdict}`} title={VERDICT.meaning(verdict)}>
      {VERDICT.label(verdict)}
    </span>
  );
}

/** A padded number with its leading zeros dimmed. */
export function Digits({ text }: { text: string }) {
  const zeros = /^0*(?=.)/.exec(text)?.[0].length ?? 0;
  return (
    <span className="num">
      <span className="zeros">{text.slice(0, zeros)}</span>
      {text.slice(zeros)}
    </span>
  );
}

/** An empty or failed state: why, and what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty" role="note">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function PaneTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="pane-title">
      <h2>{title}</h2>
      {children}
    </header>
  );
}
