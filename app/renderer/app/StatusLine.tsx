// SPDX-License-Identifier: GPL-2.0-only
// The last line of the window: the check, and the privileges that cr3scope runs with.
import type { Target } from '../../contract/api.ts';
import { count } from '../../contract/format.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import { IS_DESKTOP } from '../lib/client.ts';
import { cancelCheck, isRunning, useCheck } from '../state/check.ts';
import { usePrivileges } from '../state/privileges.ts';
import { useSpace } from '../state/space.ts';
import { useTarget } from '../state/target.ts';
import './status.css';

const NOT_PRESENT = VERDICTS.indexOf('notPresent');

function Progress() {
  const check = useCheck((s) => s.check);
  const space = useSpace((s) => s.space);
  if (!check || !space) return <span>Ready</span>;
  if (isRunning(check)) {
    const percent = check.total ? Number((check.done * 1000n) / check.total) / 10 : 0;
    return (
      <>
        <span>
          Checking{' '}
          <strong>
            {space.pid} {space.name}
          </strong>
        </span>
        <progress max={100} value={percent} aria-label="Progress of the check" />
        <span className="num">
          {check.waiting ? (
            'waiting for other work to end'
          ) : (
            <>
              {count(check.done)} of {count(check.total)} pages
            </>
          )}
        </span>
        <button type="button" className="quiet-button" onClick={cancelCheck}>
          Esc cancels
        </button>
      </>
    );
  }
  if (check.error)
    return <span>{check.error.code === 'ECANCELED' ? 'The check was cancelled' : 'The check did not finish'}</span>;
  const empty = check.summary?.counts[NOT_PRESENT] ?? 0n;
  const seconds = check.summary ? Number(check.summary.endNs - check.summary.beginNs) / 1e9 : 0;
  return (
    <span>
      {space.pid} {space.name}: <strong>{count(check.total)}</strong> pages checked in{' '}
      {seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`}
      {empty > 0n && ` · ${count(empty)} of them reserved and empty`}
      {check.summary && check.summary.rechecked > 0n && <> · {count(check.summary.rechecked)} read again</>}
    </span>
  );
}

const sayCapture = ({ problem, digest }: NonNullable<Target['capture']>) =>
  problem ? 'CAPTURE NOT COMPLETE' : `capture verified, SHA-256 ${digest.slice(0, 12)}…`;

const sayImage = ({ runs }: NonNullable<Target['image']>) => (runs ? 'a machine that runs' : 'memory image');

export function StatusLine() {
  const target = useTarget((s) => s.target);
  const how = usePrivileges((s) => s.how);
  const ready = target?.sources.filter((s) => s.ready).length ?? 0;
  return (
    <footer className="status">
      <output className="status-left" aria-live="polite">
        <Progress />
      </output>
      <span className={ready < 2 || target?.capture?.problem ? 'bad' : 'dim'} title={target?.capture?.problem}>
        {ready} {ready === 1 ? 'source' : 'sources'} ·{' '}
        {target?.capture ? sayCapture(target.capture) : target?.image ? sayImage(target.image) : 'evidence kept'} ·
        read-only{how && ` · ${how}`}
        {IS_DESKTOP ? '' : ' · in a browser'}
        {target?.notices.map((n) => ` · ${n}`)}
      </span>
    </footer>
  );
}
